# Runs the port's script with stand-ins for vcpkg's functions: cmake -DWORK=… -DLINKAGE=… -P
# vcpkg.cmake
set(CURRENT_BUILDTREES_DIR "${WORK}/buildtrees")
set(CURRENT_PACKAGES_DIR "${WORK}/packages")
set(TARGET_TRIPLET x64-linux)
set(PORT iplaygames)
set(VCPKG_LIBRARY_LINKAGE ${LINKAGE})

function(vcpkg_add_to_path folder)
  set(ENV{PATH} "${folder}:$ENV{PATH}")
endfunction()

function(vcpkg_execute_required_process)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "WORKING_DIRECTORY;LOGNAME" "COMMAND")
  execute_process(COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${arg_WORKING_DIRECTORY}" RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${arg_COMMAND}: ${result}")
  endif()
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "COMMENT" "FILE_LIST")
  set(text "")
  foreach(file IN LISTS arg_FILE_LIST)
    file(READ "${file}" part)
    string(APPEND text "${part}")
  endforeach()
  file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
endfunction()

# Included and not read in, as vcpkg does it: CMAKE_CURRENT_LIST_DIR is the port's folder.
include("${CMAKE_CURRENT_LIST_DIR}/../../bindings/vcpkg/iplaygames/portfile.cmake")
