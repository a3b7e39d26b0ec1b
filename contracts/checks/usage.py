"""Whether the tokens of an answer add up, and are as many as the facts say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

from contracts.checks.asked import Asked, Size
from contracts.checks.said import said
from contracts.trials import Tier, Verdict

FIELDS = "usage has the counts of its model and day, whole numbers, and no other"
_DETAILS = ("input_tokens_details", "output_tokens_details")


def usage(
    told: Any, wanted: Asked, answer: Mapping[str, Any], fields: Sequence[str], n: int = 0
) -> Iterator[Verdict]:
    """Judge the usage of an answer, or of a stream's last event.

    Args:
        told: what stands there.
        wanted: what was asked for.
        answer: what it stands in, which tells the quality and size that the model chose.
        fields: that it has.
        n: how many pictures it is of; as many as were asked for unless given.
    """
    is_counted = isinstance(told, dict) and told.keys() == set(fields) and _are_counts(told)
    yield said(FIELDS, is_counted, f"it is {told}")
    if not is_counted:
        return
    total, parts = told["total_tokens"], told["input_tokens"] + told["output_tokens"]
    yield said("Tokens in and out add up to their total", total == parts, f"{parts}, not {total}")
    for name in _DETAILS:
        if name in told:
            whole, parts = told[name.removesuffix("_details")], sum(told[name].values())
            seen = f"{name} add up to {parts}, not {whole}"
            yield said("The details of tokens add up to their sum", whole == parts, seen)
    yield from _by_facts(told, wanted, answer, n or wanted.n)


def _are_counts(told: Mapping[str, Any]) -> bool:
    counts = [v for k, v in told.items() if k not in _DETAILS]
    for name in _DETAILS:
        if name in told:
            if not isinstance(told[name], dict):
                return False
            counts += told[name].values()
    return all(isinstance(c, int) and not isinstance(c, bool) and c >= 0 for c in counts)


def _by_facts(
    told: Mapping[str, Any], wanted: Asked, answer: Mapping[str, Any], n: int
) -> Iterator[Verdict]:
    """Output tokens follow from quality and size; those of a text are a tokenizer's to know."""
    if wanted.chosen_size is None and "size" not in answer:
        return  # it follows the picture that was sent, and nothing tells what it became
    told_of = [n for n in ("quality", "size") if isinstance(answer.get(n), str)]
    options = {**_chosen(wanted), **{name: answer[name] for name in told_of}}
    try:
        due = wanted.offer.usage(options, n, wanted.prompt, map(_sides, wanted.images))
    except (LookupError, TypeError, ValueError, OSError):
        return  # a size or quality that no fact counts
    if not due:
        return
    drawn, seen = due["image_output"] + due.get("text_output", 0), told["output_tokens"]
    yield said(
        "Output tokens are as many as this quality and size take",
        drawn == seen,
        f"{seen} where they are {drawn}",
    )
    details, images = told["input_tokens_details"], due.get("image_input", 0)
    yield said(
        "Input tokens of pictures are as many as those that were sent take",
        details["image_tokens"] == images,
        f"{details['image_tokens']} where they are {images}",
        tier=Tier.STRICT,
    )
    yield said("A prompt takes tokens", details["text_tokens"] > 0, "none are counted")


def _chosen(wanted: Asked) -> dict[str, Any]:
    """The options, with the choices that the facts know of."""
    known = wanted.offer.parameter
    named = {n: v for n, v in wanted.options.items() if not isinstance(v, list | dict)}
    return {n: known[n].chosen(v) if n in known else v for n, v in named.items()}


def _sides(file: bytes) -> Size:
    from PIL import Image

    return Image.open(BytesIO(file)).size
