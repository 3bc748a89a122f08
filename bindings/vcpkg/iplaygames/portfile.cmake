# An overlay port: it builds the sources it lies in, with the Rust that is installed.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

find_program(CARGO cargo PATHS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin" REQUIRED)
find_program(MAKE make REQUIRED)
get_filename_component(CARGO_FOLDER "${CARGO}" DIRECTORY)
vcpkg_add_to_path("${CARGO_FOLDER}")

# A Rust library has no debug variant that a consumer could use.
set(VCPKG_BUILD_TYPE release)
if(NOT DEFINED ENV{CARGO_TARGET_DIR})
    set(ENV{CARGO_TARGET_DIR} "${CURRENT_BUILDTREES_DIR}/target")
endif()
vcpkg_execute_required_process(
    COMMAND "${MAKE}" install "TREE=${CURRENT_BUILDTREES_DIR}/tree" "PREFIX=${CURRENT_PACKAGES_DIR}" DESTDIR= LIBDIR=lib CMAKEDIR=share/iplaygames
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "install-${TARGET_TRIPLET}"
)

# vcpkg wants one kind of library, and tools and documents in places of its own.
if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
    file(GLOB UNWANTED "${CURRENT_PACKAGES_DIR}/lib/libiplaygames.so*")
else()
    set(UNWANTED "${CURRENT_PACKAGES_DIR}/lib/libiplaygames.a")
endif()
file(REMOVE ${UNWANTED})
file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/tools/iplaygames")
file(RENAME "${CURRENT_PACKAGES_DIR}/bin/iplaygames" "${CURRENT_PACKAGES_DIR}/tools/iplaygames/iplaygames")
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/bin")
vcpkg_install_copyright(FILE_LIST
    "${SOURCE_PATH}/LICENSE-MIT"
    "${SOURCE_PATH}/LICENSE-APACHE"
    "${CURRENT_PACKAGES_DIR}/share/doc/iplaygames/THIRD-PARTY-LICENSES.txt"
)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/doc")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
