"""Builds these sources with the Rust that is installed: `conan create bindings/conan`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load, rm, rmdir

SOURCES = [
    "src/*",
    "include/*",
    "packaging/*",
    "docs/*.md",
    "bindings/cpp/*.hpp",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "Makefile",
]
SOURCES += ["README.md", "CHANGELOG.md", "ARCHITECTURE.md", "LICENSE-MIT", "LICENSE-APACHE", "benches/*.rs"]
# Cargo.toml names these tests and examples, and cargo refuses it without their files.
SOURCES += ["tests/*/main.rs", "examples/*.rs"]
SOURCES += [
    "bindings/python/Cargo.toml",
    "bindings/python/src/*",
]  # a member of the workspace, which cargo wants to see


class IPlayGames(ConanFile):
    name = "iplaygames"
    description = "Client for the IPlayGames game-aggregator API: start, check and end game sessions"
    license = "MIT OR Apache-2.0"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}
    no_copy_source = True  # so that the second kind of library finds what the first has built

    @property
    def root(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        self.version = re.search(r'^version = "(.+)"$', load(self, os.path.join(self.root, "Cargo.toml")), re.M)[1]

    def export_sources(self):
        for pattern in SOURCES:
            copy(self, pattern, self.root, self.export_sources_folder)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("make install knows Linux only")

    def package_id(self):
        # A C interface, built by rustc: neither the C compiler nor the build type changes it.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def build(self):
        self.run(f'make tree-and-tool TREE="{self.build_folder}/tree"', cwd=self.source_folder)

    def package(self):
        self.run(
            f'make install BUILD=no TREE="{self.build_folder}/tree" PREFIX="{self.package_folder}" DESTDIR= LIBDIR=lib CMAKEDIR=',
            cwd=self.source_folder,
        )
        for document in ["LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt"]:
            where = os.path.join(self.package_folder, "share", "doc", "iplaygames")
            copy(self, document, where, os.path.join(self.package_folder, "licenses"))
        rm(
            self,
            "libiplaygames.a" if self.options.shared else "libiplaygames.so*",
            os.path.join(self.package_folder, "lib"),
        )
        copy(
            self,
            "native-static-libs",
            os.path.join(self.build_folder, "tree"),
            os.path.join(self.package_folder, "lib"),
        )
        # Conan's generators write these themselves.
        for folder in ["pkgconfig", "cmake"]:
            rmdir(self, os.path.join(self.package_folder, "lib", folder))

    def package_info(self):
        self.cpp_info.libs = ["iplaygames"]
        self.cpp_info.set_property("cmake_file_name", "IPlayGames")
        self.cpp_info.set_property("cmake_target_name", "IPlayGames::iplaygames")
        self.cpp_info.set_property("pkg_config_name", "iplaygames")
        if not self.options.shared:
            self.cpp_info.defines = ["IPG_STATIC"]
            native = load(self, os.path.join(self.package_folder, "lib", "native-static-libs")).split()
            self.cpp_info.system_libs = [library.removeprefix("-l") for library in native]
            # Never unloaded: a thread of the host may still hold thread-local state of the library.
            self.cpp_info.sharedlinkflags = self.cpp_info.exelinkflags = ["-Wl,-z,nodelete"]
