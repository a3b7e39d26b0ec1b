"""A recording answers as the server did that was recorded."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from contracts.compare.pictures import described, stand_in
from contracts.compare.recording import Case, recorded
from contracts.compare.replay import Replay, checked_age
from contracts.exchange import Exchange
from contracts.run import run
from contracts.target import Lost, NotObserved
from contracts.trials import Outcome
from tests.contracts.compare.stand_in import NOON, ORIGIN, TODAY, TRIALS, generate, trial

BY_ID = {one.id: one for one in TRIALS}


def replayed(cases: list[Case], name: str) -> tuple[Replay, list[Exchange]]:
    """The exchanges of a trial, out of a recording."""
    replay = Replay(cases, "a recording")
    replay.begin(BY_ID[name])
    found = [v.exchange for v in BY_ID[name].judge(replay)]
    return replay, [one for one in found if one]


def test_a_replay_recorded_again_is_the_same_recording(mock_cases: list[Case]) -> None:
    replay = Replay(mock_cases, "a recording")
    again, ended = recorded(TRIALS, replay, ORIGIN._replace(target="the mock"))
    assert not ended
    for before, after in zip(mock_cases, again, strict=True):
        told = after.as_json()
        assert _coarse(told) == _coarse(before.as_json())


def _coarse(value: Any) -> Any:
    """A recording without what stand-ins have not: as many bytes, and words beside the pixels."""
    match value:
        case dict():
            return {k: _coarse(v) for k, v in value.items() if k not in ("bytes", "metadata")}
        case list():
            return [_coarse(item) for item in value]
        case _:
            return value


def test_a_refusal_has_its_words_and_its_layout(mock_cases: list[Case]) -> None:
    _, (exchange,) = replayed(mock_cases, "generate.size")
    assert exchange.answer.status == 400
    assert exchange.answer.body.startswith(b'{\n  "error": {\n    "code": null,\n')
    assert exchange.answer.header("content-length") == str(len(exchange.answer.body))


def test_pictures_differ_where_they_did_and_are_the_same_where_they_were(
    mock_cases: list[Case],
) -> None:
    _, (one, again) = replayed(mock_cases, "generate.b64")
    first, second = (b64decode(item["b64_json"]) for item in one.answer.json()["data"])
    assert first != second
    assert one.answer.json() == again.answer.json()
    with Image.open(BytesIO(first)) as picture:
        assert (picture.size, picture.mode, picture.format) == ((256, 256), "RGB", "PNG")


def test_a_url_leads_to_the_picture_that_was_downloaded(mock_cases: list[Case]) -> None:
    replay, (exchange,) = replayed(mock_cases, "generate.url")
    url = exchange.answer.json()["data"][0]["url"]
    assert url.startswith("http://recording.invalid/private/org-")
    with pytest.raises(NotObserved):  # both downloads of the recording were made by the trial
        replay.fetch(url)


def test_ids_have_the_shape_that_they_had_and_differ_between_cases(mock_cases: list[Case]) -> None:
    _, (one,) = replayed(mock_cases, "generate.size")
    _, (other,) = replayed(mock_cases, "models.list")
    ids = [exchange.answer.header("x-request-id") for exchange in (one, other)]
    assert ids[0] != ids[1]
    assert all(len(one) == 36 and one.startswith("req_") for one in ids)


def test_created_lies_in_the_call(mock_cases: list[Case]) -> None:
    _, (exchange, *_) = replayed(mock_cases, "generate.b64")
    assert exchange.began == NOON
    assert exchange.began <= exchange.answer.json()["created"] <= exchange.ended


def test_what_was_not_recorded_is_not_observed(mock_cases: list[Case]) -> None:
    other = trial("other", generate(size="8"), 400)
    book = run([other, BY_ID["generate.size"]], Replay(mock_cases, "a recording"))
    told = {row.promise.branch: row.outcome for row in book.rows.values()}
    assert told == {"other": Outcome.UNSEEN, "generate.size": Outcome.HELD}


def test_another_case_with_the_same_request_is_answered_too(mock_cases: list[Case]) -> None:
    alike = trial("alike", generate(size="7"), 400)
    book = run([alike], Replay(mock_cases, "a recording"))
    assert [row.outcome for row in book.rows.values()] == [Outcome.HELD]


def test_why_something_was_not_recorded_is_told_again() -> None:
    case = Case("generate.url", "images.generate", 200, "x", ORIGIN, unseen="the cap is reached")
    replay = Replay([case], "a recording")
    replay.begin(BY_ID["generate.url"])
    with pytest.raises(NotObserved, match="the cap is reached"):
        replay.ask(generate())


def test_a_recording_has_no_clock(mock_cases: list[Case]) -> None:
    with pytest.raises(NotObserved):
        Replay(mock_cases, "a recording").move_clock(1)


@pytest.mark.parametrize(("days", "warns"), [(0, False), (90, False), (91, True), (180, True)])
def test_an_old_recording_is_warned_of(days: int, warns: bool, mock_cases: list[Case]) -> None:
    assert bool(checked_age(mock_cases, TODAY + timedelta(days=days))) == warns


def test_a_stale_recording_says_nothing_unless_it_may(mock_cases: list[Case]) -> None:
    later = TODAY + timedelta(days=181)
    with pytest.raises(Lost, match="181 days ago, on 2026-11-28.*--allow-stale"):
        checked_age(mock_cases, later)
    assert "record it anew" in checked_age(mock_cases, later, allow_stale=True)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("colour", ["red", None])
def test_a_stand_in_fits_the_description(mode: str, format: str, colour: str | None) -> None:
    file = BytesIO()
    picture = Image.new("RGBA", (16, 9), "blue")
    if colour:
        picture.paste(colour, (0, 0, 4, 4))
    picture.convert(mode).save(file, format, lossless=True)
    told = described(file.getvalue())
    again = described(stand_in(told, "x"))
    same = ("format", "size", "frames", "alpha", "mode")
    assert {name: again[name] for name in same} == {name: told[name] for name in same}


@pytest.mark.parametrize("milliseconds", [40, [40, 80, 40]])
def test_a_stand_in_has_as_many_frames_for_as_long(milliseconds: Any) -> None:
    file = BytesIO()
    first, *others = (Image.new("RGB", (16, 9), colour) for colour in ("red", "green", "blue"))
    first.save(file, "GIF", save_all=True, append_images=others, duration=milliseconds)
    told = described(file.getvalue())
    again = described(stand_in(told | {"blank": False}, "x"))
    assert (told["frames"], told["milliseconds"]) == (3, milliseconds)
    assert (again["frames"], again["milliseconds"]) == (3, milliseconds)


def test_what_was_no_picture_is_none_again() -> None:
    told = described(b"no picture")
    assert described(stand_in(told, "x"))["format"] == "unreadable"
    assert described(stand_in(described(b'<svg width="5" height="7"/>'), "x"))["size"] == "5x7"
