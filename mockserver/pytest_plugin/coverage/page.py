"""What tests met as one page for a browser. Fetches nothing, runs no script; draws no picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mockserver import __version__
from mockserver.core.texts import shortened
from mockserver.facts.failures import Failure, failures
from mockserver.pytest_plugin.coverage.tally import Kind, Sample, Tally

_FOLDER = Path(__file__).parent
_STYLE = _FOLDER / "page.css"
_SHOWN = 120  # characters of a prompt
_TESTS = 200  # that are named of one kind


class Looked(NamedTuple):
    """A request to look at."""

    picture: str  # a data URI, or ""
    prompt: str
    asked: str  # model and size
    got: str
    reaction: str
    test: str


class Row(NamedTuple):
    """A kind of failure as the page has it."""

    failure: Failure
    kind: Kind
    looked: tuple[Looked, ...]
    is_required: bool

    @property
    def title(self) -> str:
        """Its name, as a heading has it."""
        return f"{self.failure.title[0].upper()}{self.failure.title[1:]}"

    @property
    def then(self) -> str:
        """What brings it about in a test."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.failure.then.items())
        return f"images_mock.next.then({given})"

    @property
    def tests(self) -> list[str]:
        """The tests that met it, within bounds."""
        return [shortened(test, _SHOWN) for test in self.kind.tests[:_TESTS]]


def page(tally: Tally, required: tuple[str, ...] = ()) -> str:
    """The page, with style and pictures in it."""
    rows = {kind: _row(kind, tally, kind in required) for kind in failures()}
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        style=Markup(_STYLE.read_text("utf-8")),  # noqa: S704 - our own file
        tests=tally.tests,
        met=[rows[kind] for kind, _ in tally.in_order()],
        never=[rows[kind] for kind in tally.never_met],
        beyond=[rows[kind] for kind in tally.out_of_reach],
        missing=[rows[kind] for kind in required if kind not in tally.kinds],
        version=__version__,
    )


def _row(kind: str, tally: Tally, is_required: bool) -> Row:
    samples = tally.samples.get(kind, ())
    known = tally.kinds.get(kind, Kind())
    return Row(failures()[kind], known, tuple(map(_looked, samples)), is_required)


def _looked(sample: Sample) -> Looked:
    record = sample.record
    fields: Mapping[str, Any] = record["fields"]
    prompt = fields.get("prompt")
    words = [str(fields[n]) for n in ("model", "size") if isinstance(fields.get(n), str)]
    words += ["a stream"] if fields.get("stream") in (True, "true") else []
    return Looked(
        picture=sample.picture,
        prompt=shortened(prompt, _SHOWN) if isinstance(prompt, str) else "",
        asked=shortened(" ".join([*words, *_inputs(fields)]), _SHOWN),
        got=shortened(sample.got, _SHOWN),
        reaction=sample.reaction,
        test=shortened(sample.test, _SHOWN),
    )


def _inputs(fields: Mapping[str, Any]) -> Iterator[str]:
    """What beside a prompt a picture was to be made of: it is not drawn again."""
    if "image" in fields or "images" in fields:
        yield "of an upload"
