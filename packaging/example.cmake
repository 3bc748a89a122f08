# Builds two programs, in C and in C++, that play a session with the sandbox:
#
#     cmake -S example -B build && cmake --build build && build/session_c
cmake_minimum_required(VERSION 3.16)
project(iplaygames_example C CXX)

find_package(IPlayGames CONFIG REQUIRED PATHS "${CMAKE_CURRENT_LIST_DIR}/.." NO_DEFAULT_PATH)

add_executable(session_c session.c)
target_compile_features(session_c PRIVATE c_std_99)
add_executable(session_cpp session.cpp)
target_compile_features(session_cpp PRIVATE cxx_std_17)
foreach(program session_c session_cpp)
  target_link_libraries(${program} PRIVATE IPlayGames::iplaygames)
endforeach()
