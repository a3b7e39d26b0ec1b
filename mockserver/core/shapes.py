"""What a decoded JSON value may be: how it is read, and told as JSON Schema, in one declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from mockserver.core.decoding import DAY, MOST, RuleError, length_of, switch_of, text_of, whole_of
from mockserver.core.durations import FORM, PATTERN

T = TypeVar("T")
U = TypeVar("U")
Schema = dict[str, Any]
END = r"$(?![\s\S])"  # not before a last line feed either, which Python's $ takes for the end
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": MOST}
USD: Schema = {"type": "number", "minimum": 0}
POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": MOST}


def or_null(schema: Schema) -> Schema:
    """Such a value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema) -> Schema:
    """A list of such values."""
    return {"type": "array", "items": schema}


def asked(**properties: Schema) -> Schema:
    """An object that may have each of these properties, and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def seconds_up_to(most: int) -> Schema:
    """A number of seconds."""
    return {"type": "number", "minimum": 0, "maximum": most}


def _as_it_is(value: Any) -> Any:
    return value


class Shape(Generic[T]):
    """What may stand at one place of a JSON value."""

    def __init__(
        self,
        read: Callable[[str, Any], T],  # from the place's name and the value; may raise RuleError
        schema: Schema,
        tell: Callable[[T], Any] = _as_it_is,  # the way back
    ) -> None:
        self.read, self.schema, self.tell = read, schema, tell

    def into(self, made: Callable[[T], U]) -> Shape[U]:
        """The same from outside, of which something else is made."""
        return Shape(lambda name, value: made(self.read(name, value)), self.schema)

    def or_null(self) -> Shape[T | None]:
        """The same, or null."""
        return Shape(
            lambda name, value: None if value is None else self.read(name, value),
            or_null(self.schema),
        )


def schemas(shapes: Mapping[str, Shape[Any]]) -> dict[str, Schema]:
    """The schema of each of these."""
    return {name: shape.schema for name, shape in shapes.items()}


def whole(least: int, most: int = MOST) -> Shape[int]:
    """A whole number."""
    return Shape(
        lambda name, value: whole_of(name, value, least=least, most=most),
        {"type": "integer", "minimum": least, "maximum": most},
    )


def one_of(*known: str) -> Shape[str]:
    """One of these texts."""

    def read(name: str, value: Any) -> str:
        if value not in known:
            raise RuleError(f"{name} must be one of {', '.join(known)}")
        return str(value)

    return Shape(read, {"enum": list(known)})


def text(most: int) -> Shape[str]:
    """A text of at most so many characters."""

    def read(name: str, value: Any) -> str:
        if len(found := text_of(name, value)) > most:
            raise RuleError(f"{name} must have at most {most} characters")
        return found

    return Shape(read, TEXT | {"maxLength": most})


def _printable(name: str, value: Any) -> str:
    found = text_of(name, value)
    if not found.isascii() or not found.isprintable():
        raise RuleError(f"{name} must be printable ASCII")
    return found


def _on(name: str, value: Any) -> bool:
    if value is not True:
        raise RuleError(f"{name} must be true")
    return True


PRINTABLE = Shape(_printable, TEXT | {"pattern": f"^[ -~]*{END}"})
SWITCH = Shape(switch_of, FLAG)
#: A switch that is as good as not there when it is off, so that nobody reads that.
ON = Shape(_on, FLAG)
LENGTH = Shape(
    length_of,
    {
        "description": f"Seconds, or {FORM}",
        "anyOf": [seconds_up_to(DAY), TEXT | {"pattern": f"^{PATTERN}{END}"}],
    },
)
