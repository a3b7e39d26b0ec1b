"""What an `openai` package knows of images, read from its source, of which nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import NamedTuple

METHODS = Path("resources", "images.py")
ANSWER = "answer"
_CLASS = "Images"
#: Parameters that are the package's own, and are not sent as such.
_UNSENT = ("extra_headers", "extra_query", "extra_body", "timeout")


class NoPackage(Exception):
    """There is no package that can be read. The message says what to do."""


class Thing(NamedTuple):
    """One thing that a package knows."""

    where: str  # a method, as "images.edit"; ANSWER; or an event, as its `type` says
    name: str = ""  # a parameter or a field, as "usage.input_tokens"; "" is all of it
    value: str = ""  # one that is named for a parameter


@dataclass(frozen=True)
class Package:
    """An `openai` package as files."""

    version: str
    path: Path

    def things(self) -> list[Thing]:
        """Methods, parameters and their values, fields of answers and events.

        Raises:
            NoPackage: there are no methods in it.
        """
        methods = self._methods()
        if not methods:
            raise NoPackage(
                f"openai {self.version} has no {_CLASS} in {METHODS}: install a newer images-mock"
            )
        return list(dict.fromkeys(chain.from_iterable(map(self._of_method, methods))))

    def _methods(self) -> list[ast.FunctionDef]:
        """The methods that a program calls, each as often as it is overloaded."""
        images = _names_in(self.path / METHODS).get(_CLASS)
        body = images.body if isinstance(images, ast.ClassDef) else []
        found = [node for node in body if isinstance(node, ast.FunctionDef)]
        return [m for m in found if m.args.kwonlyargs and not m.name.startswith("_")]

    def _of_method(self, method: ast.FunctionDef) -> Iterator[Thing]:
        where = f"images.{method.name}"
        yield Thing(where)
        for argument in method.args.kwonlyargs:
            if argument.arg not in _UNSENT:
                yield from _parameter(where, argument.arg, self._type(argument.annotation))
        for returned in _parts(method.returns):
            found = self._type(returned)
            yield from _events(found) if _called(returned) == "Stream" else _fields(ANSWER, found)

    def _type(self, node: ast.AST | None) -> Type:
        return Type(node, self.path / METHODS, self.path / "types")


def _parameter(where: str, name: str, kind: Type) -> Iterator[Thing]:
    """A parameter, its values, and what an object of it has."""
    yield Thing(where, name)
    for value in kind.literals():
        yield Thing(where, name, value)
    for inner, inner_kind in kind.fields():
        yield from _parameter(where, f"{name}.{inner}", inner_kind)


def _fields(where: str, kind: Type, before: str = "") -> Iterator[Thing]:
    for name, inner_kind in kind.fields():
        yield Thing(where, before + name)
        yield from _fields(where, inner_kind, f"{before}{name}.")


def _events(kind: Type) -> Iterator[Thing]:
    for event in kind.classes():
        fields = dict(event.fields())
        for name in fields["type"].literals() if "type" in fields else ():
            yield Thing(name)
            yield from _fields(name, event)


class Type(NamedTuple):
    """A type as it is written, the file whose names it uses, and the directory of all types."""

    node: ast.AST | None
    file: Path
    types: Path

    def literals(self) -> Iterator[str]:
        """The texts that it can be."""
        for leaf in self._leaves():
            if isinstance(leaf.node, ast.Constant) and isinstance(leaf.node.value, str):
                yield leaf.node.value

    def classes(self) -> Iterator[Type]:
        """The classes of the package that it can be, or be made of."""
        return (leaf for leaf in self._leaves() if isinstance(leaf.node, ast.ClassDef))

    def fields(self) -> Iterator[tuple[str, Type]]:
        """The fields of those classes, and of the ones that they are made from."""
        for found in self._leaves():
            match found.node:
                case ast.ClassDef(bases=bases, body=body):
                    for base in bases:
                        yield from found._replace(node=base).fields()
                    yield from found._annotated(body)

    def _annotated(self, body: Iterable[ast.stmt]) -> Iterator[tuple[str, Type]]:
        for node in body:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    yield name, self._replace(node=annotation)

    def _leaves(self) -> Iterator[Type]:
        """What it comes down to: constants of literals, and classes of the package."""
        for part in _parts(self.node):
            here = self._replace(node=part)
            match part:
                case ast.Constant() | ast.ClassDef():
                    yield here
                case ast.Subscript(slice=inner):
                    yield from self._replace(node=inner)._leaves()
                case ast.Name() | ast.Attribute():
                    yield from here._meant()._of_package()

    def _of_package(self) -> Iterator[Type]:
        """What a definition comes down to, if it is one of the types."""
        if self.types in self.file.parents:
            match self.node:
                case ast.ClassDef():
                    yield self
                case ast.AnnAssign(value=value) | ast.Assign(value=value):
                    yield from self._replace(node=value)._leaves()

    def _meant(self) -> Type:
        """The definition that a name stands for; a module is a file without a node."""
        match self.node:
            case ast.Attribute(value=module, attr=name):
                return self._replace(node=module)._meant()._defined(name)
            case ast.Name(id=name):
                return self._defined(name)
            case _:
                return self._replace(node=None)

    def _defined(self, name: str) -> Type:
        node = _names_in(self.file).get(name)
        if not isinstance(node, ast.ImportFrom) or not node.level:
            return self._replace(node=node)
        source = next((a.name for a in node.names if a.asname == name), name)
        directory = self.file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        module, inner = _file_of(directory), _file_of(directory / source)
        if module and source in _names_in(module):
            return self._replace(file=module)._defined(source)
        return self._replace(node=None, file=inner or self.file)


def _file_of(module: Path) -> Path | None:
    files = (module.with_name(f"{module.name}.py"), module / "__init__.py")
    return next(filter(Path.is_file, files), None)


def _parts(node: ast.AST | None) -> Iterator[ast.AST]:
    """The parts of a union, however it is written; a list of arguments is one, too."""
    match node:
        case ast.BinOp(left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _parts(part)
        case ast.Subscript(slice=inner) if _called(node) in ("Union", "Optional"):
            yield from _parts(inner)
        case ast.AST():
            yield node


def _called(node: ast.AST) -> str:
    match node:
        case ast.Subscript(value=ast.Name(id=name)):
            return name
        case _:
            return ""


@cache
def _names_in(file: Path) -> dict[str, ast.AST]:
    """What each name of a module stands for: a class, an assignment, or where it is imported."""
    found: dict[str, ast.AST] = {}
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.ClassDef(name=name):
                found[name] = node
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                found.setdefault(name, node)
            case ast.ImportFrom(names=names):
                found |= {alias.asname or alias.name: node for alias in names}
    return found


def package_in(directory: Path | None = None) -> Package:
    """The package of a directory, or without one that which this Python would import.

    Raises:
        NoPackage: there is none, or one before 1.0.
    """
    if directory is None:
        spec = find_spec("openai")
        if spec is None or not spec.submodule_search_locations:
            raise NoPackage(
                "no openai package is installed beside images-mock: pip install openai, or name "
                "another environment's with --package DIR"
            )
        directory = Path(spec.submodule_search_locations[0])
    elif not (directory / METHODS).is_file():
        directory /= "openai"  # a site-packages directory
    if not (directory / METHODS).is_file():
        raise NoPackage(f"{directory} is no openai package of 1.0 or newer: it has no {METHODS}")
    return Package(_version(directory), directory)


def _version(directory: Path) -> str:
    match _names_in(directory / "_version.py").get("__version__"):
        case ast.Assign(value=ast.Constant(value=str(text))):
            return text
        case _:
            return "(of no version)"
