"""Builds the HTML guide and reference of the Python package.

    python bindings/python/docs/build.py FOLDER

Writes the pages to FOLDER/source and the HTML to FOLDER/html. Warnings are errors. The guide and
its companions are the Markdown pages of docs/. The reference comes from the docstrings: a class
that is added to the package is in the reference without a change here.
"""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from pathlib import Path

from conf import find_class
from sphinx.cmd.build import main as sphinx

import iplaygames_native
from iplaygames_native import AsyncClient, Client, Operation

HERE = Path(__file__).parent
DOCS = HERE.parent.parent.parent / "docs"
# The pages of docs/ that concern a user of the Python package, in order.
PAGES = ["python", "outcomes", "sandbox", "fleet", "transports", "scaling"]
# Classes that a program gets from a method, and does not import.
RETURNED = ["Watch", "AsyncWatch", "OpenSession", "AsyncOpenSession"]

INDEX = """\
# iplaygames-native {version}

{summary}

```{{toctree}}
:caption: Guide
:maxdepth: 2

{pages}
```

```{{toctree}}
:caption: Reference
:maxdepth: 1

clients
resources
results
errors
testing
operations
```
"""


def rewrite_links(text: str) -> str:
    """Keeps links between the pages. Replaces links to other files of the repository by text."""

    def rewrite(match: re.Match[str]) -> str:
        label, target = match.groups()
        path = target.partition("#")[0]
        is_page = path.removesuffix(".md") in PAGES and path.endswith(".md")
        return match[0] if not path or "://" in target or is_page else label

    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    parts[::2] = [re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", rewrite, part) for part in parts[::2]]
    # Pictures of the repository are not copied.
    parts[::2] = [re.sub(r"!\[[^\]]*\]\([^)]*\)\n?", "", part) for part in parts[::2]]
    return "".join(parts)


def path_of(kind: type) -> str:
    """Returns the name to document a class by."""
    exported = getattr(iplaygames_native, kind.__name__, None) is kind
    return (
        f"iplaygames_native.{kind.__name__}" if exported else f"{kind.__module__}.{kind.__name__}"
    )


def resources_of(client: Client | AsyncClient) -> list[type]:
    """Returns the classes of the attributes of a client, such as `client.sessions`."""
    kinds = [
        type(getattr(client, name))
        for name in dir(type(client))
        if not name.startswith("_") and not callable(getattr(type(client), name))
    ]
    return [kind for kind in kinds if kind.__module__.startswith("iplaygames_native.")]


def reference(
    title: str, kinds: list[type], *, inherited: bool = False, constructor: bool = False
) -> str:
    """Returns a page with the classes. `constructor` adds the arguments of their constructors.

    Raises `ValueError` if a method or a property has no docstring.
    """
    page = f"{title}\n{'=' * len(title)}\n"
    for kind in kinds:
        for name in dir(kind):
            member = inspect.getattr_static(kind, name)
            documented = callable(member) or isinstance(member, property)
            if not name.startswith("_") and documented and not inspect.getdoc(member):
                raise ValueError(f"{path_of(kind)}.{name} has no docstring.")
        page += f"\n.. autoclass:: {path_of(kind)}\n   :members:\n"
        if inherited:
            page += "   :inherited-members:\n"
        else:
            page += "   :show-inheritance:\n"
        if constructor:
            page += "   :class-doc-from: both\n"
    return page


def operations_page(operations: tuple[Operation, ...]) -> str:
    """Returns the page of the operations for `client.call`."""
    page = "# Operations\n\nEvery operation of the API, for `client.call(operation, …)`.\n"
    for tag in sorted({operation.tag for operation in operations}):
        page += f"\n## {tag}\n"
        for operation in operations:
            if operation.tag == tag:
                page += f"\n### {operation.id}\n\n{operation.summary}\n\n"
                page += f"`{operation.method} {operation.path}`\n\n"
                for param in operation.params:
                    need = "required" if param.required else "optional"
                    page += f"- `{param.name}`: {param.type}, {need}\n"
    return page


def main(folder: Path) -> int:
    """Writes the pages and runs Sphinx. Returns the exit code of Sphinx."""
    source = folder / "source"
    shutil.rmtree(folder, ignore_errors=True)
    source.mkdir(parents=True)
    for page in PAGES:
        text = (DOCS / f"{page}.md").read_text("utf-8")
        (source / f"{page}.md").write_text(rewrite_links(text), "utf-8")
    clients: list[type] = [Client, AsyncClient]
    exported = [getattr(iplaygames_native, name) for name in iplaygames_native.__all__]
    kinds = [each for each in exported if isinstance(each, type)]
    errors = [kind for kind in kinds if issubclass(kind, BaseException)]
    testing = [kind for kind in kinds if kind.__name__.endswith("Sandbox")]
    results = [kind for kind in kinds if kind not in (*clients, *errors, *testing)]
    blocking, asynchronous = Client(api_key="-"), AsyncClient(api_key="-")
    resources = resources_of(blocking) + resources_of(asynchronous)
    resources += [kind for kind in map(find_class, RETURNED) if kind is not None]
    pages = {
        "clients.rst": reference("Clients", clients, inherited=True, constructor=True),
        "resources.rst": reference("Resources", list(dict.fromkeys(resources)), inherited=True),
        "results.rst": reference("Results and types", results, inherited=True),
        "errors.rst": reference("Errors", errors),
        "testing.rst": reference("Testing", testing, constructor=True)
        + "\n.. autofunction:: iplaygames_native.sandbox\n",
        "operations.md": operations_page(blocking.operations()),
        "index.md": INDEX.format(
            version=iplaygames_native.__version__,
            summary=(iplaygames_native.__doc__ or "").splitlines()[0],
            pages="\n".join(PAGES),
        ),
    }
    for name, text in pages.items():
        (source / name).write_text(text, "utf-8")
    blocking.close()
    asynchronous.close()
    options = ["-q", "-W", "--keep-going", "-E", "-c", str(HERE), "-d", str(folder / "doctrees")]
    return sphinx([*options, "-b", "html", str(source), str(folder / "html")])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
