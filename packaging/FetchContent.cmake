# Makes the targets of the unpacked archive known to a project that takes it with FetchContent or
# add_subdirectory: IPlayGames::shared, IPlayGames::static and IPlayGames::iplaygames. It builds
# nothing.
cmake_minimum_required(VERSION 3.16)
project(IPlayGames NONE)

find_package(IPlayGames CONFIG REQUIRED PATHS "${CMAKE_CURRENT_LIST_DIR}" NO_DEFAULT_PATH)
foreach(target shared static iplaygames)
  if(TARGET IPlayGames::${target})
    set_target_properties(IPlayGames::${target} PROPERTIES IMPORTED_GLOBAL TRUE)
  endif()
endforeach()
