"""What a request to /v1/responses asks for: whether a picture is drawn, of what, from which. Pure.

The model that the real API has there reads and thinks; this one takes its tool for images whenever
it may, and the words of the last message for the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from mockserver.core.batches import check_metadata
from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import sources_in
from mockserver.core.parameters import check_text, in_body
from mockserver.core.request import ImageRequest, Source
from mockserver.core.validation import Validator, check_value, wrong_type
from mockserver.facts import Facts
from mockserver.facts.platform import Endpoint
from mockserver.facts.platform.responses import default_model, models_of
from mockserver.facts.values import Parameter

TOOL = "image_generation"
CALL = "image_generation_call"
GENERATE, EDIT = "images.generate", "images.edit"
_TEXTS = ("input_text", "output_text", "text")
_INPUTS = ("input", "previous_response_id", "prompt", "conversation")  # one of them
_OF_EDITS = ("input_fidelity",)  # options that only edits have


class Kept(NamedTuple):
    """What is known of a kept answer without its content, which is JSON: response and input."""

    previous: str | None  # the answer that it went on from
    calls: tuple[str, ...]  # the ids of its pictures


class Drawn(NamedTuple):
    """A picture of an earlier answer, in the input."""

    param: str  # where it stands
    id: str
    result: str | None  # in base64; None: only its id is told


Shown = Source | Drawn


@dataclass(frozen=True)
class Asked:
    """A request, as far as it can be told without what was kept."""

    facts: Any  # of responses, as they are on the day
    body: Mapping[str, Any]  # each parameter, None where it was left out
    model: str  # of words
    tools: Sequence[Mapping[str, Any]]
    place: int | None  # of the tool that draws; None: nothing is drawn
    prompt: str
    shown: Sequence[Shown]  # the pictures of the input, in its order
    texts: Sequence[str]  # all of the input

    @property
    def tool(self) -> Mapping[str, Any]:
        """The tool that draws, with what was left out."""
        tool = {} if self.place is None else self.tools[self.place]
        return {name: value for name, value in tool.items() if value is not None}

    @property
    def stream(self) -> bool:
        """Whether the answer is to be a stream."""
        return self.body.get("stream") is True

    def get(self, name: str) -> Any:
        """What a request has under a name, or the API's own choice."""
        value = self.body.get(name)
        return self.facts["response"]["defaults"].get(name) if value is None else value


def asked_of(given: Any, endpoint: Endpoint, facts: Any) -> Asked:
    """What a decoded body asks for, by the facts of a day.

    Raises:
        ApiError: what the API would say first of all that is wrong. (The order is assumed.)
    """
    body = in_body(endpoint.body, given)
    if all(body[name] is None for name in _INPUTS):
        raise ApiError(Reason.NO_INPUT)
    check_metadata(body["metadata"] or {})
    tools = body["tools"] or ()
    for place, tool in enumerate(tools):
        _check_tool(f"tools[{place}]", tool, facts)
    messages = [*_messages(body["input"])]
    texts = [text for _, text, _ in messages]
    said = [text for role, text, _ in messages if role == "user"]
    # A picture without a word, or nothing new at all: there the real model thinks of something.
    prompts = [facts["tool"]["prompt"], body["instructions"] or "", *texts, *said]
    return Asked(
        facts,
        body,
        body["model"],
        tools,
        _place(body["tool_choice"], tools, facts["tools"]["choices"]),
        prompt=next(text for text in reversed(prompts) if text.strip()),
        shown=[one for _, _, pictures in messages for one in pictures],
        texts=texts,
    )


def _check_tool(param: str, tool: Mapping[str, Any], facts: Any) -> None:
    """Hold a tool to what all tools have; what the one for images has, its model says."""
    if "type" not in tool:
        raise ApiError(Reason.MISSING_PARAMETER, param=f"{param}.type")
    check_text(f"{param}.type", tool["type"], facts["tools"]["types"])
    action = tool.get("action")
    if tool["type"] == TOOL and action is not None:
        check_text(f"{param}.action", action, facts["tool"]["actions"])


# -- who is to draw ------------------------------------------------------------------------------


def _place(choice: Any, tools: Sequence[Mapping[str, Any]], choices: Sequence[str]) -> int | None:
    """The place of the tool that draws, if the choice among tools leaves it."""
    kinds = [tool["type"] for tool in tools]
    if isinstance(choice, dict):
        chosen = _chosen(choice)
        if TOOL in chosen and TOOL not in kinds:
            raise ApiError(Reason.TOOL_NOT_THERE, param="tool_choice", tool=TOOL)
        is_left = TOOL in chosen
    else:
        if choice is not None:
            check_text("tool_choice", choice, choices)
        is_left = choice != "none"
    return kinds.index(TOOL) if is_left and TOOL in kinds else None


def _chosen(choice: Mapping[str, Any]) -> Sequence[Any]:
    """The kinds of the tools that a choice leaves."""
    if "type" not in choice:
        raise ApiError(Reason.MISSING_PARAMETER, param="tool_choice.type")
    check_text("tool_choice.type", choice["type"])
    if choice["type"] != "allowed_tools":
        return (choice["type"],)
    tools = choice.get("tools")
    return [t.get("type") for t in tools if isinstance(t, dict)] if isinstance(tools, list) else ()


# -- the input -----------------------------------------------------------------------------------

_Message = tuple[str, str, Sequence[Shown]]  # whose, its text, the pictures in it


def _messages(given: Any) -> Iterator[_Message]:
    """What was said and shown, in its order."""
    if isinstance(given, str):
        yield "user", given, ()
    elif isinstance(given, list):
        for place, item in enumerate(given):
            yield _message(f"input[{place}]", item)
    elif given is not None:
        raise wrong_type(Parameter("input", "string", "", ""), given)


def _message(param: str, item: Any) -> _Message:
    if not isinstance(item, dict):
        raise wrong_type(Parameter(param, "object", "", ""), item)
    if item.get("type") in (CALL, "item_reference"):
        return "assistant", "", _drawn(param, item)
    content = item.get("content")
    role = item.get("role")
    role = role if isinstance(role, str) else ""
    if isinstance(content, str):
        return role, content, ()
    parts = content if isinstance(content, list) else ()
    texts, shown = list[str](), list[Source]()
    for place, one in enumerate(parts):
        if not isinstance(one, dict):
            raise wrong_type(Parameter(f"{param}.content[{place}]", "object", "", ""), one)
        if one.get("type") in _TEXTS and isinstance(one.get("text"), str):
            texts.append(one["text"])
        elif one.get("type") == "input_image":
            shown.append(_picture(f"{param}.content[{place}]", one))
    return role, "\n".join(texts), shown


def _picture(param: str, given: Mapping[str, Any]) -> Source:
    """The picture of an input_image: by its address or its file's id."""
    kinds = {k: v for k in ("image_url", "file_id") if (v := given.get(k)) is not None}
    (found,) = sources_in(Parameter(param, "object", "", ""), dict([*kinds.items()][:1]))
    return found


def _drawn(param: str, item: Mapping[str, Any]) -> Sequence[Drawn]:
    call, result = item.get("id"), item.get("result")
    if item.get("type") != CALL and not str(call).startswith("ig_"):
        return ()
    if isinstance(result, str):
        return [Drawn(param, str(call), result)]
    if call is None:
        raise ApiError(Reason.MISSING_PARAMETER, param=f"{param}.id")
    check_text(f"{param}.id", call)
    return [Drawn(param, call, None)]


def input_told(given: Any, message: str) -> list[Any]:
    """The items of an input as GET …/input_items tells them, each with an id."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    items = []
    for place, item in enumerate(given or ()):
        is_said = item.get("type", "message") == "message"
        own = {"id": f"{message[:-4]}{place:04x}"} if "id" not in item else {}
        told = {**own, **item}
        if is_said:
            content = told.get("content")
            if isinstance(content, str):
                content = [{"type": "input_text", "text": content}]
            told |= {"type": "message", "status": "completed", "content": content}
        items.append(told)
    return items


def scene(shown: Sequence[Shown]) -> Sequence[Shown]:
    """The pictures that are worked on: the last that was drawn, and those shown since."""
    places = [place for place, one in enumerate(shown) if isinstance(one, Drawn)]
    return shown[places[-1] :] if places else shown


# -- what is drawn -------------------------------------------------------------------------------


def check_model(asked: Asked, facts: Facts) -> None:
    """Refuse a model that draws where one is wanted that speaks."""
    if asked.model in facts.models:
        raise ApiError(Reason.NO_TEXT_MODEL, model=asked.model)


def request_of(
    asked: Asked,
    pictures: Sequence[Source],
    validators: Mapping[str, Validator],
    facts: Facts,
) -> ImageRequest:
    """What the tool is to draw, as /v1/images would be asked for it.

    Raises:
        ApiError: an option is not one of the tool, or of its model.
    """
    param, tool = f"tools[{asked.place}]", asked.facts["tool"]
    model = _model(f"{param}.model", asked.tool.get("model"), tool, facts)
    offers = validators[GENERATE].offers
    offer = offers[model if model in offers else facts.stand_in]
    options = {k: v for k, v in asked.tool.items() if k not in tool["own"]}
    if others := [name for name in options if name in tool["lacks"]]:
        raise ApiError(Reason.UNKNOWN_PARAMETER, param=f"{param}.{others[0]}")
    body = {**options, "model": model, "prompt": asked.prompt[: offer.prompt_max]}
    streamed = _streaming(asked, param)
    if offer.streamed:  # since later than the tool has streams
        body |= streamed
    action, mask = asked.tool.get("action"), _mask(f"{param}.input_image_mask", asked.tool)
    if action == "edit" and not pictures:
        raise ApiError(Reason.NOTHING_TO_EDIT)
    is_edit = bool(pictures) and action != "generate"
    try:
        if is_edit and not facts.stand_in:  # who stands in for any looks at no file
            valid: Callable[[Any], ImageRequest] = partial(
                validators[EDIT].with_sources, sources=pictures, mask=mask
            )
        else:
            body = {k: v for k, v in body.items() if k not in _OF_EDITS}
            valid = validators[GENERATE].validated
        request = valid(body)
        if request.n > 1:  # a call draws one, and costs one (assumed)
            request = valid(body | {"n": 1})
    except ApiError as refusal:
        raise _of_tool(refusal, param) from None
    return replace(
        request,
        operation=EDIT if is_edit else GENERATE,
        options={**request.options, **streamed},
        filled=request.filled if "model" in asked.tool else ("model", *request.filled),
    )


def _streaming(asked: Asked, param: str) -> Mapping[str, Any]:
    """The options of a stream, if one is asked for.

    Raises:
        ApiError: no such number of partial pictures is taken, or a stream needs some on that day.
    """
    partials, facts = asked.tool.get("partial_images"), asked.facts["tool"]
    if partials is not None:
        check_value(Parameter(f"{param}.partial_images", **facts["partials"]), partials)
    if not asked.stream:
        return {}
    if not partials and "streams" in facts:
        raise ApiError(Reason.NO_PARTIAL_IMAGES)
    return {"stream": True} if partials is None else {"stream": True, "partial_images": partials}


def _model(param: str, name: Any, tool: Any, facts: Facts) -> str:
    if name is None:
        return facts.stand_in or default_model(tool, facts)
    check_text(param, name)
    if name not in models_of(tool, facts) and not facts.stand_in:
        raise ApiError(Reason.UNKNOWN_MODEL, model=name)
    found: str = name
    return found


def _mask(param: str, tool: Mapping[str, Any]) -> list[Source]:
    given = tool.get("input_image_mask")
    if given is None:
        return []
    mask = Parameter(param, "object", "", "")
    check_value(mask, given)
    return sources_in(mask, {k: v for k, v in given.items() if v is not None})


def _of_tool(refusal: ApiError, tool: str) -> ApiError:
    """A refusal of /v1/images, by where the option stands here."""
    param = refusal.values.get("param")
    if param in ("prompt", "image", "images"):
        return ApiError(refusal.reason, **refusal.values | {"param": "input"})
    if param is None:
        return refusal
    return ApiError(refusal.reason, **refusal.values | {"param": f"{tool}.{param}"})
