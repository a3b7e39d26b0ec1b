"""The answers of /v1/responses as values, by the facts. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.answer import usage
from mockserver.core.request import ImageRequest
from mockserver.core.responses import CALL, EDIT, TOOL, Asked

COMPLETED = "completed"
_IMAGE_GEN = (
    *("input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details"),
    "total_tokens",
)


class Ids(NamedTuple):
    """The ids of one answer."""

    response: str  # resp_…
    call: str  # ig_…
    message: str  # msg_…

    @classmethod
    def of(cls, response: str) -> Ids:
        """Those that go with the answer's own."""
        rest = response.partition("_")[2]
        return cls(response, f"ig_{rest}", f"msg_{rest}")


def response(
    asked: Asked,
    ids: Ids,
    created: int,
    *,
    request: ImageRequest | None = None,
    output: Sequence[Any] = (),
    completed: int | None = None,
) -> dict[str, Any]:
    """An answer, or its beginning.

    Args:
        asked: what was asked for.
        ids: those of the answer.
        created: Unix seconds.
        request: what its tool draws; None is nothing.
        output: its items, once they are there.
        completed: Unix seconds; None while it goes on.
    """
    facts = asked.facts["response"]
    is_done = completed is not None
    values: dict[str, Any] = {
        **{name: asked.get(name) for name in facts["fields"]},
        "id": ids.response,
        "created_at": created,
        "completed_at": completed,
        "status": COMPLETED if is_done else "in_progress",
        "model": asked.model,
        "metadata": asked.get("metadata") or {},
        "reasoning": {"effort": None, "summary": None} | (asked.get("reasoning") or {}),
        "text": facts["defaults"]["text"] | (asked.get("text") or {}),
        "tools": [_told_tool(asked, tool, request) for tool in asked.tools],
        "tool_usage": _tool_usage(request if is_done else None),
        "output": list(output),
        "usage": _text_usage(asked, output) if is_done else None,
        "error": None,
        "moderation": None,
    }
    return {name: values[name] for name in facts["fields"]}


def _told_tool(
    asked: Asked, tool: Mapping[str, Any], request: ImageRequest | None
) -> dict[str, Any]:
    """A tool as the answer tells it."""
    if tool["type"] != TOOL:
        return dict(tool)
    facts = asked.facts["tool"]["told"]
    model = {"model": request.model} if request else {}
    given = {**facts["defaults"], **model, **{k: v for k, v in tool.items() if v is not None}}
    told = {name: value for name, value in given.items() if name not in facts["without"]}
    return {"type": TOOL, **{name: told[name] for name in sorted(told) if name != "type"}}


def call_item(
    asked: Asked,
    ids: Ids,
    request: ImageRequest,
    *,
    status: str,
    result: str | None = None,
    revised: str | None = None,
) -> dict[str, Any]:
    """The item of a picture; `result` is the file in base64, once it is there."""
    options = request.options
    values = {
        "id": ids.call,
        "type": CALL,
        "status": status,
        "action": "edit" if request.operation == EDIT else "generate",
        "background": options.get("background", "opaque"),
        "output_format": options.get("output_format", "png"),
        "quality": options.get("quality"),
        "result": result,
        "revised_prompt": revised,
        "size": request.size,
    }
    return {name: values[name] for name in asked.facts["call"]["fields"]}


def message_item(ids: Ids, text: str) -> dict[str, Any]:
    """The item of what the model says."""
    content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}]
    return {
        "id": ids.message,
        "type": "message",
        "status": COMPLETED,
        "content": content,
        "role": "assistant",
    }


def _tool_usage(request: ImageRequest | None) -> dict[str, Any]:
    """The tokens of tools: those of the picture, by the image model."""
    tokens = request.usage if request else {}
    return {"image_gen": usage(_IMAGE_GEN, tokens), "web_search": {"num_requests": 0}}


def _text_usage(asked: Asked, output: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The tokens of the model that speaks, by a simple rule."""
    rule = asked.facts["usage"]
    texts = [*asked.texts, str(asked.body.get("instructions") or "")]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    has_tool = any(tool["type"] == TOOL for tool in asked.tools)
    calls = sum(item["type"] == CALL for item in output)
    said = sum(len(_said(item)) for item in output)
    tokens_in = -(-size // rule["bytes_each"]) + rule["tool"] * has_tool
    tokens_out = rule["call"] * calls + -(-said // rule["bytes_each"])
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens_in + tokens_out,
    }


def _said(item: Mapping[str, Any]) -> str:
    return "".join(one["text"] for one in item.get("content", ()))
