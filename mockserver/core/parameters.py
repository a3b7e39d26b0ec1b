"""Hold what endpoints beside images are sent to the parameters that the facts give them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.uploads import Part
from mockserver.core.validation import check_value, from_form, unexpected
from mockserver.facts import Parameter

Query = Sequence[tuple[str, str]]  # names and texts, in the order sent


def in_query(parameters: Sequence[Parameter], query: Query) -> dict[str, Any]:
    """The value of each parameter in a query string, or its default. Others are not looked at.

    That is what the API does (ruby-openai sent `?timeout=120` to /v1/files in 2023, and got its
    answer). Of a name that comes again the last counts, but for lists, as `name[]` or `name`.

    Raises:
        ApiError: the first one that is missing or wrong.
    """
    found: dict[str, Any] = {}
    for parameter in parameters:
        texts = [text for name, text in query if name in (parameter.name, f"{parameter.name}[]")]
        found[parameter.name] = _in_texts(parameter, texts) if texts else _left_out(parameter)
    return found


def _in_texts(parameter: Parameter, texts: Sequence[str]) -> Any:
    if parameter.type != "list":
        return _checked(parameter, Part(texts[-1].encode("utf-8", "surrogatepass")))
    item = parameter._replace(type=parameter.items or "string", items=None)
    return [_checked(item, Part(text.encode("utf-8", "surrogatepass"))) for text in texts]


def in_body(parameters: Sequence[Parameter], body: Any) -> dict[str, Any]:
    """The value of each parameter in a decoded body, or its default.

    Args:
        parameters: all there are, in the order in which they are checked.
        body: a JSON value, or the parts of a form by name.

    Raises:
        ApiError: it is no object; a name is unknown; then the first that is missing or wrong.
    """
    if not isinstance(body, Mapping):
        raise ApiError(Reason.WRONG_BODY_TYPE, value=body)
    known = {parameter.name for parameter in parameters}
    if unknown := [name for name in body if name not in known]:
        told = unexpected(unknown)
        raise ApiError(Reason.UNKNOWN_PARAMETER, param=unknown[0], unexpected=told)
    found: dict[str, Any] = {}
    for parameter in parameters:
        value = body.get(parameter.name)
        is_there = parameter.name in body and not (value is None and parameter.nullable)
        found[parameter.name] = _checked(parameter, value) if is_there else _left_out(parameter)
    return found


def check_text(name: str, value: Any, values: Sequence[str] = ()) -> None:
    """Refuse what is no text or, if there are any, none of these values."""
    check_value(Parameter(name, "string", "", "", values=tuple(values) or None), value)


def _left_out(parameter: Parameter) -> Any:
    if parameter.required:
        raise ApiError(Reason.MISSING_PARAMETER, param=parameter.name)
    return parameter.default


def _checked(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, Part):
        value = from_form(parameter, value)
        if isinstance(value, str) and parameter.type in ("integer", "number"):
            raise ApiError(Reason.NOT_A_NUMBER, param=parameter.name, value=value)
    check_value(parameter, value)
    return value
