"""Large bodies are read in pieces, off the loop, and no more of them at a time than fit."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core import inputs, pieces
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.request import heavy
from mockserver.request.bodies import mark_of
from mockserver.request.exchange import Exchange
from mockserver.request.forms import read_form
from mockserver.request.heavy import Heavy
from mockserver.request.world import World
from mockserver.store.contents import Content
from tests.conftest import Api, error
from tests.in_process import LOOP
from tests.test_edits import png

PICTURE = png(Image.new("RGBA", (64, 64), "teal"))
BOUNDARY = b"-b"
HEAD = b"Content-Disposition: form-data; name="
FORM = (
    b'\r\n---b\r\nContent-Type: image/png\r\n%b"image"; filename="a.png"\r\n\r\n\r\n--\r\n---\r\n'
    b'---b\r\n%b"n"\r\n\r\n2\r\n---b\r\n%b"image[1]"\r\n\r\n1\r\n---b\r\n%b"image[2]"\r\n\r\n2\r\n---b--'
    % (HEAD, HEAD, HEAD, HEAD)
)
STEPS = (7, 8, 9, 16, 33)  # each as long as what must stay whole


@pytest.fixture(params=STEPS)
def step(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bytes that are looked through in one go."""
    found: int = request.param
    monkeypatch.setattr(pieces, "STEP", found)
    return found


def test_a_form_in_pieces_has_the_parts_that_it_has_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_form(BOUNDARY, FORM)
    assert {name: part.data for name, part in whole.items()} == {
        "image": b"\r\n--\r\n---",
        "n": b"2",
    }
    for step in range(1, 40):
        monkeypatch.setattr(pieces, "STEP", step)
        found = read_form(BOUNDARY, FORM)
        assert (found, found.hints, found.ignored) == (whole, whole.hints, whole.ignored)


def test_what_must_stay_whole_is_cut_by_no_piece(step: int) -> None:
    found = list(pieces.pieces(FORM, uncut=b"\r\n---b"))
    assert b"".join(found) == FORM
    assert sum(piece.count(b"\r\n---b") for piece in found) == FORM.count(b"\r\n---b")


def test_it_is_found_where_it_is_whatever_the_step(step: int) -> None:
    for what in (b"---b", b'"n"', b"nowhere"):
        for start in (0, 20, len(FORM)):
            assert pieces.find(FORM, what, start) == FORM.find(what, start)


def test_a_retry_has_the_same_mark_whatever_its_boundary(step: int) -> None:
    marks = {
        mark_of(
            f"multipart/form-data; boundary={new}", FORM.replace(b"---b", b"--" + new.encode()), b""
        )
        for new in ("-b", "=c")
    }
    assert len(marks) == 1


@given(st.text(alphabet="AQz9+/=\n ä%", max_size=24), st.sampled_from([4, 8]))
def test_base64_in_pieces_is_what_it_is_in_one(text: str, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "STEP", step)
        try:
            expected = b64decode(text, validate=True)
        except ValueError:
            with pytest.raises(ValueError, match="."):
                inputs.decoded(text)
        else:
            assert inputs.decoded(text) == expected


@given(st.text(alphabet="4a%fä", max_size=16), st.integers(3, 9))
def test_escapes_in_pieces_are_what_they_are_in_one(text: str, step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs, "STEP", step)
        assert inputs._unquoted(text, 0) == unquote_to_bytes(text)


JSONS = st.recursive(
    st.none() | st.integers(0, 9) | st.text(alphabet='a",[{\\', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text('"\\,[', max_size=3), inner)
    ),
    max_leaves=12,
)


@given(JSONS, st.integers(1, 9))
def test_values_are_counted_outside_of_texts_alone(value: Any, step: int) -> None:
    body = json.dumps(value, separators=(",", ":")).encode()
    found = _openings(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "LARGE", 0)
        patch.setattr(pieces, "STEP", step)
        for most, is_too_much in ((found - 1, True), (found, False)):
            patch.setattr(pieces, "VALUES", most)
            assert pieces.has_too_many_values(body) is is_too_much


def _openings(value: Any) -> int:
    """Commas, brackets and braces."""
    if not isinstance(value, list | dict):
        return 0
    inner = [*value.values()] if isinstance(value, dict) else value
    return 1 + max(0, len(inner) - 1) + sum(map(_openings, inner))


@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/responses", "/_mock/rules"])
def test_json_of_too_many_values_is_refused_unread(api: Api, path: str) -> None:
    body = b'{"prompt": [' + b"[]," * pieces.VALUES + b"1]}"
    refused = api(as_of="2026-11-28").post(
        path, content=body, headers={"Content-Type": "application/json"}
    )
    assert refused.status_code == 400
    assert "JSON" in error(refused)["message"]


def test_a_long_text_full_of_commas_is_none_of_them(api: Api) -> None:
    body = {
        "model": "gpt-5",
        "input": ",[{" * pieces.VALUES,
        "tools": [{"type": "image_generation"}],
    }
    assert api(as_of="2026-11-28").post("/v1/responses", json=body).status_code == 200


def test_a_large_form_that_is_none_is_parsed_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("mockserver.request.bodies.read_form", lambda *given: asked.append(given))
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    api().post("/v1/images/edits", content=b"x" * (pieces.LARGE + 1), headers=kind)
    assert len(asked) == 1


# -- room


def exchange() -> Exchange:
    world = World(configured(), ManualClock())
    return Exchange(Record("", 0, "POST", "/"), {}, world.era())


def done(work: Coroutine[Any, Any, None]) -> None:
    LOOP.run_until_complete(work)


def test_who_comes_later_waits_until_there_is_room_and_in_order() -> None:
    async def case() -> None:
        desk, first, second, third = Heavy(), exchange(), exchange(), exchange()
        desk.room, told = 3 << 20, []

        async def come(who: Exchange, size: int) -> None:
            await desk.make_room(who, size)
            told.append(who)

        await come(first, 2 << 20)
        tasks = [asyncio.ensure_future(come(second, 2 << 20))]
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(come(third, 1 << 20)))  # it would fit, but is not next
        await asyncio.sleep(0)
        assert told == [first]
        desk.give_back(first)
        await asyncio.gather(*tasks)
        assert told == [first, second, third]
        for one in (second, third):
            desk.give_back(one)
        assert (desk._taken, [one.held for one in told]) == (0, [0, 0, 0])

    done(case())


def test_what_is_larger_than_the_room_goes_alone() -> None:
    async def case() -> None:
        desk, one = Heavy(), exchange()
        await desk.make_room(one, 2 * heavy.ROOM)
        assert one.held == desk._taken == 2 * heavy.ROOM

    done(case())


def test_two_who_have_room_and_want_more_do_not_wait_for_each_other() -> None:
    async def case() -> None:
        desk, two = Heavy(), [exchange(), exchange()]
        for one in two:
            await desk.make_room(one, heavy.ROOM // 2)

        async def go_on(who: Exchange) -> None:
            await desk.make_room(who, heavy.ROOM)
            await asyncio.sleep(0)
            desk.give_back(who)

        await asyncio.wait_for(asyncio.gather(*map(go_on, two)), 60)
        assert desk._taken == 0

    done(case())


def test_who_waits_too_long_is_refused_and_who_leaves_takes_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def case() -> None:
        desk, first, second, third = Heavy(), exchange(), exchange(), exchange()
        await desk.make_room(first, heavy.ROOM)
        leaves = asyncio.ensure_future(desk.make_room(second, heavy.ROOM))
        await asyncio.sleep(0)
        leaves.cancel()
        with suppress(asyncio.CancelledError):
            await leaves
        monkeypatch.setattr(heavy, "PATIENCE", 0)
        with pytest.raises(ApiError) as refused:
            await desk.make_room(third, heavy.ROOM)
        assert refused.value.reason is Reason.NO_ROOM_FOR_BODY
        assert not desk._waiting
        desk.give_back(first)
        assert desk._taken == 0

    done(case())


@pytest.mark.parametrize("is_held", [True, False], ids=["held back", "answered"])
def test_what_is_held_back_on_purpose_has_no_room(
    api: Api, monkeypatch: pytest.MonkeyPatch, is_held: bool
) -> None:
    given, kept = [], Heavy.give_back

    def noted(desk: Heavy, who: Exchange, left: int = 0) -> None:
        given.extend([who.record.status] if who.held else [])
        kept(desk, who, left)

    monkeypatch.setattr(Heavy, "give_back", noted)
    client = api(latency="1ms" if is_held else "none")
    files, data = {"image": PICTURE + bytes(pieces.LARGE)}, {"size": "256x256"}
    assert client.post("/v1/images/variations", files=files, data=data).status_code == 200
    assert given[0] == (0 if is_held else 200)


def test_what_is_not_large_needs_no_room() -> None:
    async def case() -> None:
        desk, first, small = Heavy(), exchange(), exchange()
        await desk.make_room(first, heavy.ROOM)
        await desk.make_room(small, pieces.LARGE)
        assert small.held == 0

    done(case())


@pytest.mark.parametrize("is_told", [True, False], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("data", [PICTURE, b"no picture"], ids=["answered", "refused"])
def test_each_large_body_gives_its_room_back(
    api: Api, monkeypatch: pytest.MonkeyPatch, data: bytes, is_told: bool
) -> None:
    desks = []
    kept = Heavy.make_room

    async def noted(desk: Heavy, who: Exchange, size: int) -> None:
        await kept(desk, who, size)
        desks.append((desk, desk._taken))

    monkeypatch.setattr(Heavy, "make_room", noted)
    client = api()
    request = client.build_request(
        "POST",
        "/v1/images/variations",
        files={"image": data + bytes(pieces.LARGE)},
        data={"size": "256x256"},
    )
    if not is_told:
        del request.headers["Content-Length"]
        request.headers["Transfer-Encoding"] = "chunked"
    assert client.send(request).status_code == (200 if data == PICTURE else 400)
    assert [taken > pieces.LARGE for _, taken in desks] == [True]
    assert desks[0][0]._taken == 0


# -- what a small request refers to


@pytest.mark.in_memory("it is read from there")
def test_a_file_that_is_named_sixteen_times_is_read_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(as_of="2026-11-28", tier="off")
    sent = {"file": ("a.png", PICTURE)}
    kept = client.post("/v1/files", files=sent, data={"purpose": "vision"}).json()
    read, times = "mockserver.store.contents.Content.whole", []

    def noted(content: Content) -> bytes:
        times.append(1)
        return content.piece(0, content.size)

    monkeypatch.setattr(read, noted)
    body = {"model": "gpt-image-2", "prompt": "x", "images": [{"file_id": kept["id"]}] * 16}
    assert client.post("/v1/images/edits", json=body).status_code == 200
    assert len(times) == 1


def test_a_picture_of_many_megabytes_comes_as_a_data_url(api: Api) -> None:
    data = PICTURE + bytes(3 << 20)
    url = "data:image/png;base64," + b64encode(data).decode()
    body = {"model": "gpt-image-2", "prompt": "x", "images": [{"image_url": url}]}
    answer = api(as_of="2026-11-28").post("/v1/images/edits", json=body)
    assert answer.status_code == 200
