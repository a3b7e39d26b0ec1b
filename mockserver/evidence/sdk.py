"""What an `openai` package knows of images, read from its source, of which nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
        names = _names_in(self.path / METHODS)
        images = names.get(_CLASS)
        body = images.body if isinstance(images, ast.ClassDef) else []
        found = [node for node in body if isinstance(node, ast.FunctionDef)]
        return [m for m in found if m.args.kwonlyargs and not m.name.startswith("_")]

    def _of_method(self, method: ast.FunctionDef) -> Iterator[Thing]:
        home = self.path / METHODS
        where = f"images.{method.name}"
        yield Thing(where)
        for argument in method.args.kwonlyargs:
            if argument.arg not in _UNSENT and argument.annotation:
                yield from self._described(where, argument.arg, argument.annotation, home)
        for returned in _parts(method.returns):
            if _called(returned) == "Stream":
                yield from self._events(returned, home)
            else:
                yield from self._told(ANSWER, returned, home)

    def _events(self, node: ast.expr, home: Path) -> Iterator[Thing]:
        for event, place in self._classes(node, home):
            names = dict(self._annotated(event, place))
            for kind, _ in self._literals(*names["type"]) if "type" in names else ():
                yield Thing(kind)
                for name, (annotation, at) in names.items():
                    yield Thing(kind, name)
                    yield from self._told(kind, annotation, at, f"{name}.")

    def _described(self, where: str, name: str, node: ast.expr, home: Path) -> Iterator[Thing]:
        """A parameter, its values, and what an object of it has."""
        yield Thing(where, name)
        for value, _ in self._literals(node, home):
            yield Thing(where, name, value)
        for found, place in self._classes(node, home):
            for inner, (annotation, at) in self._annotated(found, place):
                yield from self._described(where, f"{name}.{inner}", annotation, at)

    def _told(self, where: str, node: ast.expr, home: Path, before: str = "") -> Iterator[Thing]:
        for found, place in self._classes(node, home):
            for name, (annotation, at) in self._annotated(found, place):
                yield Thing(where, before + name)
                yield from self._told(where, annotation, at, f"{before}{name}.")

    def _literals(self, node: ast.expr, home: Path) -> Iterator[tuple[str, Path]]:
        for leaf, place in self._leaves(node, home):
            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                yield leaf.value, place

    def _classes(self, node: ast.expr, home: Path) -> Iterator[tuple[ast.ClassDef, Path]]:
        for leaf, place in self._leaves(node, home):
            if isinstance(leaf, ast.ClassDef):
                yield leaf, place

    def _annotated(
        self, found: ast.ClassDef, home: Path
    ) -> Iterator[tuple[str, tuple[ast.expr, Path]]]:
        """The fields of a class and of those that it is made from, with their annotations."""
        for base in found.bases:
            for above, place in self._classes(base, home):
                yield from self._annotated(above, place)
        for node in found.body:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    yield name, (annotation, home)

    def _leaves(self, node: ast.expr, home: Path) -> Iterator[tuple[ast.AST, Path]]:
        """What an annotation comes down to: constants of literals, and classes of the package."""
        for part in _parts(node):
            match part:
                case ast.Constant():
                    yield part, home
                case ast.Subscript(slice=inner):
                    yield from self._leaves(inner, home)
                case ast.Name() | ast.Attribute():
                    yield from self._of_type(*self._meant(part, home))

    def _of_type(self, found: ast.AST | None, home: Path) -> Iterator[tuple[ast.AST, Path]]:
        if self.path / "types" not in home.parents:  # what is sent and answered is there
            return
        match found:
            case ast.ClassDef():
                yield found, home
            case ast.AnnAssign(value=ast.expr() as value) | ast.Assign(value=value):
                yield from self._leaves(value, home)

    def _meant(self, node: ast.expr, home: Path) -> tuple[ast.AST | None, Path]:
        """What a name that a module uses stands for, and in which file; a module is no node."""
        match node:
            case ast.Attribute(value=module, attr=name):
                return self._defined(name, self._meant(module, home)[1])
            case ast.Name(id=name):
                return self._defined(name, home)
            case _:
                return None, home

    def _defined(self, name: str, home: Path) -> tuple[ast.AST | None, Path]:
        node = _names_in(home).get(name)
        if not isinstance(node, ast.ImportFrom) or not node.level:
            return node, home
        source = next((a.name for a in node.names if a.asname == name), name)
        directory = home.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        module, inner = _file_of(directory), _file_of(directory / source)
        if module and source in _names_in(module):
            return self._defined(source, module)
        return None, inner or home


def _file_of(module: Path) -> Path | None:
    files = (module.with_name(f"{module.name}.py"), module / "__init__.py")
    return next(filter(Path.is_file, files), None)


def _parts(node: ast.expr | None) -> Iterator[ast.expr]:
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
        case ast.expr():
            yield node


def _called(node: ast.expr) -> str:
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
