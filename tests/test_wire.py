"""Bodies off the wire: forms as real clients write them, and what is no form."""

from __future__ import annotations

import gc
import sys
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.errors import ApiError, Reason
from mockserver.request.bodies import FORM, Body, form_value, json_value

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
        Body(kind, b"{}").check_type(form=True, json_too=False)
    assert refused.value.reason is Reason.WRONG_CONTENT_TYPE


@pytest.mark.parametrize("kind", ["text/plain", "", None])
def test_json_for_an_edit_says_that_it_is_json(kind: str | None) -> None:
    with pytest.raises(ApiError) as refused:
        Body(kind, b"{}").check_type(form=True, json_too=True)
    assert refused.value.reason is Reason.WRONG_CONTENT_TYPE
    Body("application/json", b"{}").check_type(form=True, json_too=True)
    Body(None, b"{}").check_type(form=False, json_too=False)  # where only JSON is taken


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FORM, Reason.NO_BOUNDARY),
        (f"{FORM}; boundary=", Reason.NO_BOUNDARY),
        (f"{FORM}; boundary=yy", Reason.UNPARSABLE_FORM),
        (f"{FORM}; boundary={'x' * 300}", Reason.UNPARSABLE_FORM),
    ],
)
def test_a_form_without_its_boundary_is_refused_with_a_hint(kind: str, reason: Reason) -> None:
    with pytest.raises(ApiError) as refused:
        form_value(kind, form(part('name="n"', b"2")))
    assert refused.value.reason is reason
    assert refused.value.values["hint"]


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


def test_an_unused_file_input_of_a_browser_is_no_file_and_is_named() -> None:
    unused = part('name="mask"; filename=""', b"", "application/octet-stream")
    found = form_value(f"{FORM}; boundary=xx", form(unused, part('name="n"', b"2")))
    assert found.keys() == {"n"}
    assert found.ignored == ["the empty file 'mask' counts as none"]
    noisy = form(*[part(f'name="{"x" * 999}{n}"; filename=""', b"") for n in range(999)])
    assert len("".join(form_value(f"{FORM}; boundary=xx", noisy).ignored)) < 1000


def test_a_part_without_a_name_is_no_part_of_a_form() -> None:
    with pytest.raises(ApiError) as refused:
        read(form(part('filename="a.png"', PNG)))
    assert refused.value.reason is Reason.UNPARSABLE_FORM


def test_a_file_name_that_is_told_in_the_extended_form_alone_tells_none() -> None:
    only = part("name=\"image\"; filename*=UTF-8''%C3%A9.png", PNG)
    assert not form_value(f"{FORM}; boundary=xx", form(only))["image"].is_file


def test_an_encoding_of_a_part_is_not_heeded_and_a_hint_says_so() -> None:
    headed = part('name="n"', b"Mg==", "text/plain\r\nContent-Transfer-Encoding: Base64")
    found = form_value(f"{FORM}; boundary=xx", form(headed))
    assert found["n"].data == b"Mg=="
    assert "Content-Transfer-Encoding of 'n'" in found.hints[0]
    same = part('name="n"', b"2", "text/plain\r\nContent-Transfer-Encoding: 8bit")
    assert form_value(f"{FORM}; boundary=xx", form(same)).hints == []


def test_parts_that_do_not_count_are_counted() -> None:
    files = [part('name="image[]"; filename="a"', b"%d" % n) for n in range(3)]
    found = form_value(f"{FORM}; boundary=xx", form(*files, *[part('name="n"', b"2")] * 2))
    assert {name: one.more for name, one in found.items()} == {"image": 2, "n": 1}


def test_more_parts_than_a_thousand_are_refused() -> None:
    assert len(read(form(*[part('name="n"', b"2")] * 1000))) == 1
    with pytest.raises(ApiError) as refused:
        read(form(*[part('name="n"', b"2")] * 1001))
    assert "fs.createReadStream" in refused.value.values["hint"]


def test_a_text_ends_at_a_mebibyte_and_a_file_does_not() -> None:
    for head in ('name="image"; filename="a"', 'name="image"; filename=""'):
        assert len(read(form(part(head, bytes(2 << 20))))["image"]) == 2 << 20
    typed = part('name="image"', bytes(2 << 20), "image/png")
    assert len(read(form(typed))["image"]) == 2 << 20
    assert len(read(form(part('name="prompt"', bytes(1 << 20))))["prompt"]) == 1 << 20
    with pytest.raises(ApiError) as refused:
        read(form(part('name="prompt"', bytes((1 << 20) + 1), "text/plain")))
    assert refused.value.reason is Reason.BODY_TOO_LARGE


def spread(name: str, number: int) -> bytes:
    """What the openai npm package makes of a bare Buffer."""
    field = '--xx\r\nContent-Disposition: form-data; name="{}[{}]"\r\n\r\n{}\r\n'
    return "".join(field.format(name, n, n % 256) for n in range(number)).encode()


@pytest.mark.parametrize("name", ["image", "mask", "image[]"])
@pytest.mark.parametrize("number", [2, 70, 999, 1000, 300_000])
def test_a_buffer_that_is_spread_over_fields_is_one_part_and_a_hint(name: str, number: int) -> None:
    kept = part('name="user"', b"me")
    body = form(kept)[: -len(b"--xx--\r\n")] + spread(name, number) + form(part('name="n"', b"2"))
    found = form_value(f"{FORM}; boundary=xx", body)
    bare = name.removesuffix("[]")
    assert found.keys() == {"user", bare, "n"}
    assert (found[bare].data, found[bare].is_list, found[bare].is_file) == (b"0", True, False)
    assert found[bare].more == number - 1
    assert "fs.createReadStream" in found.hints[0]
    assert f"{number} text fields" in found.hints[0]


def test_two_buffers_are_found_and_other_parts_still_have_their_bound() -> None:
    both = spread("image", 5000) + spread("mask", 5000)
    found = form_value(f"{FORM}; boundary=xx", both + form(part('name="n"', b"2")))
    assert {name: one.more for name, one in found.items()} == {"image": 4999, "mask": 4999, "n": 0}
    with pytest.raises(ApiError) as refused:
        read(both + form(*[part('name="n"', b"2")] * 1000))
    assert refused.value.reason is Reason.UNPARSABLE_FORM
    assert "fs.createReadStream" in refused.value.values["hint"]


def test_what_only_looks_like_fields_of_a_spread_buffer_is_left_to_the_parser() -> None:
    """A delimiter that is none: it does not end its line, or does not begin one."""
    head = b'--xx\r\nContent-Disposition: form-data; name="image[%d]"\r\n\r\n%b\r\n'
    ended = head % (0, b"1") + head % (1, b"2\r\n--xx\rrest") + b"--xx--\r\n"
    found = form_value(f"{FORM}; boundary=xx", ended)
    assert [part.data for part in found["image"].all] == [b"1", b"2\r\n--xx\rrest"]
    text = form(part('name="prompt"', b"a fox" + head % (0, b"1")))[: -len(b"\r\n--xx--\r\n")]
    found = form_value(
        f"{FORM}; boundary=xx", text + head % (1, b"2") + form(part('name="n"', b"2"))
    )
    assert found.keys() == {"prompt", "image", "n"}
    assert found["image"].data == b"2"


def test_a_spread_buffer_costs_no_part_for_each_byte() -> None:
    body = spread("image", 50_000) + form(part('name="n"', b"2"))
    tracemalloc.start()
    form_value(f"{FORM}; boundary=xx", body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 500_000


def test_of_equal_names_in_json_the_last_counts_and_is_named() -> None:
    found = json_value(b'{"n": 1, "n": 2, "user": {"a": 1, "a": 2}}')
    assert found == {"n": 2, "user": {"a": 2}}
    assert found.ignored == ["of each 'n' only the last was used"]
    assert type(json_value(b'{"n": 1}')) is dict


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
