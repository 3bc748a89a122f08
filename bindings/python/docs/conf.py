"""The configuration of Sphinx. `build.py` writes the pages and runs Sphinx."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import Any

import iplaygames_native

project = "iplaygames-native"
author = "The iplaygames authors"
copyright = "2026, The iplaygames authors"
version = release = iplaygames_native.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
html_theme = "furo"
html_title = f"iplaygames-native {version}"
html_copy_source = False
html_show_sourcelink = False

# Docstrings mark code with one backtick.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autodoc_typehints = "signature"
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_include_special_with_doc = False
myst_heading_anchors = 3
# The guide shows JSON with an ellipsis. A type whose name is also that of several attributes, such
# as `type`, needs no link.
suppress_warnings = ["misc.highlighting_failure", "ref.python"]


def find_class(name: str) -> type | None:
    """Finds a class of the package by its name, also one that is not exported."""
    for info in pkgutil.iter_modules(iplaygames_native.__path__):
        module = importlib.import_module(f"iplaygames_native.{info.name}")
        found = getattr(module, name, None)
        if isinstance(found, type) and found.__module__ == module.__name__:
            return found
    return None


def mark_code(lines: list[str]) -> list[str]:
    """Turns the indented code after `Example:` and after a blank line into code blocks."""
    marked: list[str] = []
    in_code = in_section = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if re.fullmatch(r"(Args|Returns|Raises|Yields|Attributes):", line):
            in_section = True
        if line == "Example:":
            marked += [".. rubric:: Example", "", ".. code-block:: python", ""]
            in_code = True
            continue
        begins = indent >= 4 and number > 0 and not lines[number - 1].strip()
        if begins and not in_code and not in_section:
            marked += [".. code-block:: python", ""]
            in_code = True
        elif line.strip() and indent < 4:
            in_code = False
        marked.append(line)
    return marked


def arguments_of(docstring: str) -> list[str]:
    """Returns the section `Args:` of a docstring, or nothing."""
    lines = docstring.splitlines()
    if "Args:" not in lines:
        return []
    first = lines.index("Args:")
    rest = (i for i in range(first + 1, len(lines)) if lines[i] and not lines[i].startswith(" "))
    return ["", *lines[first : next(rest, len(lines))]]


def process_docstring(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Completes a docstring for the page, before napoleon reads it.

    An asynchronous method whose docstring refers to the blocking method gets the arguments of that.
    """
    if what == "method" and "Args:" not in lines:
        owner, _, method = name.rpartition(".")
        kind = owner.rpartition(".")[2]
        sync = find_class(kind.removeprefix("Async")) if kind.startswith("Async") else None
        lines += arguments_of(inspect.getdoc(getattr(sync, method, None)) or "")
    lines[:] = mark_code(lines)


def process_signature(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Removes the signature of a class whose objects a program does not make."""
    made = {"Client", "AsyncClient", "Sandbox", "IPlayGamesError", "NotSentError"}
    if what in ("class", "exception") and obj.__name__ not in made:
        return "", returns
    return None


def setup(app: Any) -> None:
    """Connects the functions. napoleon has the priority 500."""
    app.connect("autodoc-process-docstring", process_docstring, priority=400)
    app.connect("autodoc-process-signature", process_signature)
