/* Marks every exported function. Define IPG_STATIC when linking the static library. */
#ifndef IPG_API
#  if defined(_WIN32) && !defined(IPG_STATIC)
#    define IPG_API __declspec(dllimport)
#  elif defined(__GNUC__) && !defined(_WIN32)
#    define IPG_API __attribute__((visibility("default")))
#  else
#    define IPG_API
#  endif
#endif

/* Marks functions whose result must be checked: they return something that must be freed. */
#ifndef IPG_MUST_USE
#  if defined(__GNUC__)
#    define IPG_MUST_USE __attribute__((warn_unused_result))
#  else
#    define IPG_MUST_USE
#  endif
#endif
