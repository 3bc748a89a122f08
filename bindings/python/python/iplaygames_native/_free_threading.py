"""Refuses a free-threaded build of Python that the native module was not built for.

`__init__.py` imports this module in such builds only, before the native module. Without the check
the import of the native module would fail with a `SystemError` that does not name the cause.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from os.path import exists, join
from sys import version_info


def check_native_module(folder: str) -> None:
    """Raises `ImportError` if the folder has no native module for this interpreter.

    The native module of the wheels is for the builds of Python with the GIL.
    """
    # The first suffix names the ABI of the interpreter: `.cpython-314t-x86_64-linux-gnu.so`.
    if not exists(join(folder, f"_core{EXTENSION_SUFFIXES[0]}")):
        major, minor = version_info[:2]
        raise ImportError(
            "iplaygames_native does not support the free-threaded build of Python "
            f"{major}.{minor}: its native module needs the GIL. Use the other build, "
            f"python{major}.{minor}, and install the package there with pip."
        )
