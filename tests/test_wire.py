"""Bodies off the wire: forms as real clients write them, and what is no form."""

from __future__ import annotations

import gc
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.errors import ApiError, Reason
from mockserver.wire import FORM, form_value

PNG = b"\x89PNG\r\n\x1a\n\x00\r\n--x\xff"


def form(*parts: str | bytes, boundary: str = "xx") -> bytes:
    pieces = [p.encode() if isinstance(p, str) else p for p in parts]
    start = f"--{boundary}\r\n".encode()
    return b"".join(start + p + b"\r\n" for p in pieces) + f"--{boundary}--\r\n".encode()


def part(disposition: str, value: bytes, kind: str | None = None) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    return "\r\n".join([*lines, "", ""]).encode() + value


def read(body: bytes, kind: str = f"{FORM}; boundary=xx") -> dict[str, bytes]:
    return {name: part.data for name, part in form_value(kind, body).items()}


@pytest.mark.parametrize(
    "disposition",
    [
        'name="image"; filename="a.png"',
        'name="image"; filename="image"',
        'name="image"; filename="../../etc/passwd"',
        "name=image; filename=a.png",
        'name="image"; filename=""',
        'name="image"',
        'name="image[]"; filename="a.png"',
        'name="image[0]"; filename="blob"',
        'name="image"; filename="\u00e9.png"; filename*=UTF-8\'\'%C3%A9.png',
    ],
)
@pytest.mark.parametrize("kind", ["image/png", "application/octet-stream", None])
def test_a_file_arrives_whole_however_its_part_is_headed(disposition: str, kind: str) -> None:
    body = form(part(disposition, PNG, kind), part('name="prompt"', "a łamp".encode()))
    assert read(body) == {"image": PNG, "prompt": "a łamp".encode()}


@pytest.mark.parametrize(
    "kind",
    [
        f'{FORM}; boundary="xx"',
        f"{FORM};boundary=xx",
        "Multipart/Form-Data; charset=utf-8; boundary=xx",
    ],
)
def test_a_boundary_may_be_quoted(kind: str) -> None:
    assert read(form(part('name="n"', b"2")), kind) == {"n": b"2"}


def test_of_equal_names_the_first_counts() -> None:
    files = [part(f'name="image[{i}]"; filename="{i}"', b"%d" % i) for i in range(3)]
    assert read(form(*files, part('name="n"', b"1"), part('name="n"', b"2"))) == {
        "image": b"0",
        "n": b"1",
    }


def test_a_file_larger_than_a_mebibyte_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile._TemporaryFileWrapper", None)
    large = bytes(3 * 1024 * 1024)
    assert read(form(part('name="image"; filename="a"', large)))["image"] == large


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", None])
def test_another_content_type_is_named(kind: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        form_value(kind, b"{}")
    assert refused.value.reason is Reason.WRONG_CONTENT_TYPE


@pytest.mark.parametrize("kind", [FORM, f"{FORM}; boundary=", f"{FORM}; boundary=yy"])
def test_a_form_without_its_boundary_can_not_be_parsed(kind: str) -> None:
    with pytest.raises(ApiError) as refused:
        form_value(kind, form(part('name="n"', b"2")))
    assert refused.value.reason is Reason.UNPARSABLE_FORM


@pytest.mark.parametrize("cut", [1, 3, 8, 30, 60])
def test_a_form_that_breaks_off_is_refused_and_not_half_read(cut: int) -> None:
    body = form(part('name="image"; filename="a"', PNG), part('name="size"', b"256x256"))
    with pytest.raises(ApiError) as refused:
        read(body.removesuffix(b"\r\n")[:-cut])
    assert refused.value.reason is Reason.UNPARSABLE_FORM


def test_what_stands_before_and_after_the_parts_is_no_matter() -> None:
    body = b"This is a preamble\r\n" + form(part('name="n"', b"2")) + b"and an epilogue"
    assert read(body) == {"n": b"2"}
    assert read(b"") == {}


def test_an_unused_file_input_of_a_browser_is_no_file() -> None:
    unused = part('name="mask"; filename=""', b"", "application/octet-stream")
    assert read(form(unused, part('name="n"', b"2"))) == {"n": b"2"}


def test_more_parts_than_a_thousand_are_refused() -> None:
    assert len(read(form(*[part('name="n"', b"2")] * 1000))) == 1
    with pytest.raises(ApiError):
        read(form(*[part('name="n"', b"2")] * 1001))


def test_a_form_leaves_nothing_for_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        value = read(form(part('name="image"; filename="a"', PNG)))["image"]
        # The name here and the argument of getrefcount.
        assert sys.getrefcount(value) == 2
    finally:
        gc.enable()


@given(st.binary(max_size=200), st.integers(0, 120), st.integers(0, 60))
def test_any_bytes_are_a_form_or_are_refused(noise: bytes, place: int, cut: int) -> None:
    body = form(part('name="image"; filename="a"', PNG), part('name="n"', b"2"))
    for damaged in (noise, body[:place] + noise + body[place + cut :], body[:place]):
        try:
            assert isinstance(read(damaged), dict)
        except ApiError as refused:
            assert refused.reason is Reason.UNPARSABLE_FORM
