// Includes the C headers and defines the macros that depend on the compiler's options. Contains no
// types. Every other part includes this file.
#pragma once

#include "iplaygames.h"
#if __has_include("iplaygames_sandbox.h")
#  include "iplaygames_sandbox.h"
#endif

/** 1 if exceptions are enabled, and value() of a failed Result throws; otherwise 0. */
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#  define IPLAYGAMES_EXCEPTIONS 1
#else
#  define IPLAYGAMES_EXCEPTIONS 0
#endif

/**
 * The inline namespace that contains all names. Some inline functions differ with exceptions and
 * without: they need different names, or a program that mixes both would violate the one-definition
 * rule. Programs do not write this name.
 */
#if IPLAYGAMES_EXCEPTIONS
#  define IPLAYGAMES_NAMESPACE v0
#else
#  define IPLAYGAMES_NAMESPACE v0_no_exceptions
#endif

/** The client library for the IPlayGames API. */
namespace iplaygames {}
