#!/usr/bin/env python3
"""Compares the public Rust API with the list in docs/public-api.txt.

    packaging/public_api.py rustdoc.json [--write]

`rustdoc.json` is what rustdoc writes with `--output-format json`; `make public-api` makes it. The
list has one line for each public item, with its whole signature. `--write` replaces the list. Of
the implementations, the list leaves out those that every type has. Hidden items are not part of the
API, and rustdoc leaves them out.
"""

import difflib
import json
import sys
from pathlib import Path

# Of the traits that the compiler implements by itself, those that a program can rely on. The others
# come and go with its versions.
AUTO_TRAITS = {"RefUnwindSafe", "Send", "Sync", "Unpin", "UnwindSafe"}

BASELINE = Path(__file__).resolve().parent.parent / "docs/public-api.txt"


class Renderer:
    """Writes items and types of one rustdoc document as Rust."""

    def __init__(self, document):
        self.index = document["index"]
        self.paths = document["paths"]

    def item(self, item_id):
        """Returns an item by its id, or None for one of another crate."""
        return self.index.get(str(item_id))

    def path(self, path):
        """Returns a path with its arguments. The last name is enough: a module that moves is no
        change."""
        return path["path"].split("::")[-1] + self.arguments(path.get("args"))

    def arguments(self, args):
        """Returns the generic arguments of a path."""
        if not args:
            return ""
        if "parenthesized" in args:
            call = args["parenthesized"]
            return f"({', '.join(map(self.type, call['inputs']))}){self.output(call['output'])}"
        written = [self.argument(arg) for arg in args["angle_bracketed"]["args"]]
        for constraint in args["angle_bracketed"]["constraints"]:
            binding = constraint["binding"]
            if "equality" in binding:
                value = " = " + self.term(binding["equality"])
            else:
                value = ": " + self.bounds(binding["constraint"])
            written.append(constraint["name"] + self.arguments(constraint["args"]) + value)
        return f"<{', '.join(written)}>" if written else ""

    def argument(self, arg):
        """Returns one generic argument."""
        if arg == "infer":
            return "_"
        [(kind, value)] = arg.items()
        return {"lifetime": str, "type": self.type, "const": lambda const: const["expr"]}[kind](value)

    def term(self, term):
        """Returns the right side of an associated type or constant."""
        return self.type(term["type"]) if "type" in term else term["constant"]["expr"]

    def type(self, of):
        """Returns a type."""
        if of == "infer":
            return "_"
        [(kind, value)] = of.items()
        return getattr(self, f"type_{kind}")(value)

    def type_primitive(self, name):
        """Returns `!` or a primitive type."""
        return "!" if name == "never" else name

    def type_generic(self, name):
        """Returns a type parameter."""
        return name

    def type_resolved_path(self, path):
        """Returns a type that has a name."""
        return self.path(path)

    def type_borrowed_ref(self, of):
        """Returns a reference."""
        lifetime = of["lifetime"] + " " if of["lifetime"] else ""
        return f"&{lifetime}{'mut ' if of['is_mutable'] else ''}{self.type(of['type'])}"

    def type_raw_pointer(self, of):
        """Returns a raw pointer."""
        return f"*{'mut' if of['is_mutable'] else 'const'} {self.type(of['type'])}"

    def type_tuple(self, types):
        """Returns a tuple."""
        return f"({', '.join(map(self.type, types))}{',' if len(types) == 1 else ''})"

    def type_slice(self, of):
        """Returns a slice."""
        return f"[{self.type(of)}]"

    def type_array(self, of):
        """Returns an array."""
        return f"[{self.type(of['type'])}; {of['len']}]"

    def type_impl_trait(self, bounds):
        """Returns an `impl` type."""
        return "impl " + self.bounds(bounds)

    def type_dyn_trait(self, of):
        """Returns a trait object."""
        traits = [self.binder(one["generic_params"]) + self.path(one["trait"]) for one in of["traits"]]
        return "dyn " + " + ".join(traits + ([of["lifetime"]] if of["lifetime"] else []))

    def type_qualified_path(self, of):
        """Returns an associated type."""
        owner = self.type(of["self_type"])
        if of["trait"] and of["trait"]["path"]:
            owner = f"<{owner} as {self.path(of['trait'])}>"
        return f"{owner}::{of['name']}{self.arguments(of['args'])}"

    def type_function_pointer(self, of):
        """Returns a function pointer."""
        inputs = ", ".join(self.type(kind) for _, kind in of["sig"]["inputs"])
        return f"{self.binder(of['generic_params'])}{self.header(of['header'])}fn({inputs}){self.output(of['sig']['output'])}"

    def output(self, kind):
        """Returns the result of a signature."""
        return f" -> {self.type(kind)}" if kind else ""

    def header(self, header):
        """Returns the words before `fn`."""
        words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
        if header["abi"] != "Rust":
            words.append(f"extern {json.dumps(header['abi'])}")
        return "".join(word + " " for word in words)

    def binder(self, params):
        """Returns `for<...>`."""
        return f"for{self.params(params)} " if params else ""

    def bounds(self, bounds):
        """Returns the bounds of a type."""
        return " + ".join(map(self.bound, bounds))

    def bound(self, bound):
        """Returns one bound."""
        if "outlives" in bound:
            return bound["outlives"]
        if "use" in bound:
            return f"use<{', '.join(name for arg in bound['use'] for name in arg.values())}>"
        of = bound["trait_bound"]
        maybe = {"none": "", "maybe": "?", "maybe_const": "const "}[of["modifier"]]
        return self.binder(of["generic_params"]) + maybe + self.path(of["trait"])

    def params(self, params):
        """Returns the generic parameters of an item."""
        written = []
        for param in params:
            [(kind, value)] = param["kind"].items()
            if kind == "type" and value["is_synthetic"]:
                continue
            if kind == "lifetime":
                outlives = " + ".join(value["outlives"])
                written.append(param["name"] + (f": {outlives}" if outlives else ""))
            elif kind == "const":
                written.append(f"const {param['name']}: {self.type(value['type'])}")
            else:
                bounds = self.bounds(value["bounds"])
                default = f" = {self.type(value['default'])}" if value["default"] else ""
                written.append(param["name"] + (f": {bounds}" if bounds else "") + default)
        return f"<{', '.join(written)}>" if written else ""

    def where(self, generics):
        """Returns the `where` clause of an item."""
        written = []
        for predicate in generics["where_predicates"]:
            [(kind, value)] = predicate.items()
            if kind == "bound_predicate":
                bounds = self.bounds(value["bounds"])
                written.append(f"{self.binder(value['generic_params'])}{self.type(value['type'])}: {bounds}")
            elif kind == "lifetime_predicate":
                written.append(f"{value['lifetime']}: {' + '.join(value['outlives'])}")
            else:
                written.append(f"{self.type(value['lhs'])} == {self.term(value['rhs'])}")
        return f" where {', '.join(written)}" if written else ""

    def function(self, path, of):
        """Returns a function. The names of its parameters are not part of the API, except
        `self`."""
        inputs = []
        for name, kind in of["sig"]["inputs"]:
            text = self.type(kind)
            is_receiver = name == "self" and text in ("Self", "&Self", "&mut Self")
            inputs.append(text.replace("Self", "self") if is_receiver else f"self: {text}" if name == "self" else text)
        generics = of["generics"]
        return (
            f"{self.header(of['header'])}fn {path}{self.params(generics['params'])}({', '.join(inputs)})"
            f"{self.output(of['sig']['output'])}{self.where(generics)}"
        )


class Lister:
    """Lists the public items of a crate."""

    def __init__(self, document):
        self.render = Renderer(document)
        self.lines = set()
        root = self.render.item(document["root"])
        self.module(root["name"], root["inner"]["module"])

    def module(self, path, of):
        """Adds the items of a module."""
        for item_id in of["items"]:
            item = self.render.item(item_id)
            if "use" in item["inner"]:
                use = item["inner"]["use"]
                target = self.render.item(use["id"])
                if use["is_glob"] or target is None:
                    self.lines.add(f"use {path}::{use['name']} = {use['source']}{'::*' if use['is_glob'] else ''}")
                    continue
                self.add(f"{path}::{use['name']}", target)
            else:
                self.add(f"{path}::{item['name']}", item)

    def add(self, path, item):
        """Adds an item with all that belongs to it."""
        [(kind, of)] = item["inner"].items()
        attributes = ""
        for attribute in item["attrs"]:
            if attribute == "non_exhaustive":
                attributes += "#[non_exhaustive] "
            elif isinstance(attribute, dict) and "must_use" in attribute:
                attributes += "#[must_use] "
        getattr(self, f"add_{kind}")(path, of, attributes)

    def add_module(self, path, of, attributes):
        """Adds a module."""
        self.lines.add(f"{attributes}mod {path}")
        self.module(path, of)

    def add_function(self, path, of, attributes):
        """Adds a function."""
        self.lines.add(attributes + self.render.function(path, of))

    def add_constant(self, path, of, attributes):
        """Adds a constant."""
        self.lines.add(f"{attributes}const {path}: {self.render.type(of['type'])} = {of['const']['expr']}")

    def add_type_alias(self, path, of, attributes):
        """Adds a type alias."""
        params = self.render.params(of["generics"]["params"])
        self.lines.add(f"{attributes}type {path}{params} = {self.render.type(of['type'])}")

    def add_struct(self, path, of, attributes):
        """Adds a struct with its public fields."""
        generics = of["generics"]
        tail, fields, is_open = "", [], True
        if of["kind"] == "unit":
            tail = ";"
        elif "tuple" in of["kind"]:
            fields = of["kind"]["tuple"]
            is_open = None not in fields
            fields = [field for field in fields if field is not None]
        else:
            fields = of["kind"]["plain"]["fields"]
            is_open = not of["kind"]["plain"]["has_stripped_fields"]
        if not is_open:
            tail = " with private fields"
        written = f"{path}{self.render.params(generics['params'])}{self.render.where(generics)}"
        self.lines.add(f"{attributes}struct {written}{tail}")
        self.fields(path, fields)
        self.impls(path, of["impls"])

    def fields(self, path, ids):
        """Adds the public fields of a struct or a variant."""
        for field in map(self.render.item, ids):
            self.lines.add(f"field {path}::{field['name']}: {self.render.type(field['inner']['struct_field'])}")

    def add_enum(self, path, of, attributes):
        """Adds an enum with its variants."""
        generics = of["generics"]
        written = f"{path}{self.render.params(generics['params'])}{self.render.where(generics)}"
        self.lines.add(f"{attributes}enum {written}")
        for variant in map(self.render.item, of["variants"]):
            self.add(f"{path}::{variant['name']}", variant)
        self.impls(path, of["impls"])

    def add_variant(self, path, of, attributes):
        """Adds a variant of an enum."""
        kind = of["kind"]
        value = f" = {of['discriminant']['expr']}" if of["discriminant"] else ""
        if kind == "plain":
            self.lines.add(f"{attributes}variant {path}{value}")
        elif "tuple" in kind:
            types = [self.render.type(self.render.item(field)["inner"]["struct_field"]) for field in kind["tuple"]]
            self.lines.add(f"{attributes}variant {path}({', '.join(types)}){value}")
        else:
            self.lines.add(f"{attributes}variant {path} {{}}{value}")
            self.fields(path, kind["struct"]["fields"])

    def add_trait(self, path, of, attributes):
        """Adds a trait with its items."""
        generics = of["generics"]
        bounds = self.render.bounds(of["bounds"])
        self.lines.add(
            f"{attributes}{'unsafe ' if of['is_unsafe'] else ''}trait {path}{self.render.params(generics['params'])}"
            f"{': ' + bounds if bounds else ''}{self.render.where(generics)}"
        )
        for item in map(self.render.item, of["items"]):
            self.add(f"{path}::{item['name']}", item)

    def add_assoc_const(self, path, of, attributes):
        """Adds an associated constant."""
        self.lines.add(f"{attributes}const {path}: {self.render.type(of['type'])}")

    def add_assoc_type(self, path, of, attributes):
        """Adds an associated type of a trait."""
        bounds = self.render.bounds(of["bounds"])
        self.lines.add(f"{attributes}type {path}{': ' + bounds if bounds else ''}")

    def impls(self, path, ids):
        """Adds the inherent items of a type and the traits that it implements."""
        for item in map(self.render.item, ids):
            of = item["inner"]["impl"] if item else None
            if of is None or of["blanket_impl"]:
                continue
            if of["is_synthetic"] and of["trait"]["path"].split("::")[-1] not in AUTO_TRAITS:
                continue
            if of["trait"] is None:
                for inner in map(self.render.item, of["items"]):
                    if inner["visibility"] == "public":
                        self.add(f"{path}::{inner['name']}", inner)
                continue
            generics = of["generics"]
            words = "".join((self.render.params(generics["params"]), " ", "!" if of["is_negative"] else ""))
            types = [
                f"{inner['name']} = {self.render.type(inner['inner']['assoc_type']['type'])}"
                for inner in map(self.render.item, of["items"])
                if inner and "assoc_type" in inner["inner"]
            ]
            self.lines.add(
                f"impl{words}{self.render.path(of['trait'])} for {self.render.type(of['for'])}"
                f"{self.render.where(generics)}{' with ' + ', '.join(types) if types else ''}  ({path})"
            )


def main():
    """Compares the list with the baseline, or writes it. Returns 1 if they differ."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--write"]
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        lines = sorted(Lister(document).lines)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        version = document.get("format_version")
        print(f"This script cannot read version {version} of rustdoc's JSON ({error!r}). Extend it.", file=sys.stderr)
        return 1
    baseline = Path(arguments[1]) if len(arguments) > 1 else BASELINE
    if "--write" in sys.argv:
        baseline.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return 0
    before = baseline.read_text(encoding="utf-8").splitlines() if baseline.exists() else []
    changes = list(difflib.unified_diff(before, lines, str(baseline.name), "the sources", n=0, lineterm=""))
    if not changes:
        print(f"{len(lines)} public items, as in {baseline.name}")
        return 0
    print("\n".join(changes))
    print(
        "The public Rust API differs from docs/public-api.txt. If that is intended, run\n"
        "`make public-api ACCEPT=1`, and name the change in CHANGELOG.md.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
