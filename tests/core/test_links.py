"""Picture URLs: shaped like the real ones, and worth nothing once altered or out of date."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from datetime import date
from hashlib import sha256
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.links import LinkError, Links
from mockserver.core.picture import MEDIA, SHOWN, Picture, shown
from mockserver.facts import load

CREATED = 1_743_379_200  # 2025-03-31 00:00 UTC
LINKS = Links(b"secret", load().link)
PICTURE = Picture(
    "images.generate",
    "dall-e-2",
    "a red fox",
    512,
    512,
    0,
    2,
    bytes(range(16)),
    (("quality", None), ("style", None)),
)
ORGANIZATION, USER = "org-" + "A" * 24, "user-" + "b" * 24
# The template that was recorded from 2022-11 to 2026-03; `mock` is this project's own.
SHAPE = re.compile(
    r"/private/org-[A-Za-z0-9]{24}/user-[A-Za-z0-9]{24}/img-[A-Za-z0-9]{24}\.(png|jpeg|webp|gif|svg)"
    r"\?st=2025-03-30T23%3A00%3A00Z&se=2025-03-31T01%3A00%3A00Z&sp=r&sv=2021-08-06&sr=b"
    r"&rscd=inline&rsct=image/(png|jpeg|webp|gif|svg%2Bxml)&skoid=6aaadede-4fb3-4698-a8f6-684d7786b067"
    r"&sktid=a48cca56-e6da-484e-a814-9c849652bcb3&skt=2025-03-31T00%3A00%3A00Z"
    r"&ske=2025-04-01T00%3A00%3A00Z&sks=b&skv=2021-08-06&mock=[A-Za-z0-9_-]+"
    r"&sig=[A-Za-z0-9/%]+%3D"
)

LONGEST_OPTIONS = (
    *("quality", "style", "background", "output_format", "output_compression", "complexity"),
    *("frame_count", "frame_duration_ms"),
)
NUMBERS = ("output_compression", "frame_count", "frame_duration_ms")
prompts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200).map(shown)
pictures = st.builds(
    Picture,
    operation=st.just("images.generate"),
    model=st.sampled_from(sorted(load().models)),
    prompt=prompts,
    width=st.sampled_from([256, 1024, 1792]),
    height=st.sampled_from([256, 1024, 1792]),
    place=st.integers(0, 9),
    n=st.integers(1, 10),
    digest=st.binary(min_size=16, max_size=16),
    partial=st.none(),  # of which there are no URLs
    options=st.sampled_from(
        [
            (("quality", None), ("style", None)),
            (("quality", "hd"), ("style", "natural")),
            (("quality", "hd"), ("style", None), ("background", "transparent"), ("level", 3)),
            tuple((n, 2 if n in NUMBERS else "transparent") for n in LONGEST_OPTIONS),
        ]
    ),
    images=st.sampled_from([(), ("0" * 32,), ("0" * 32, "1" * 32)]),
    mask=st.none() | st.just("1" * 32),
    format=st.sampled_from([*MEDIA]),
    fault=st.none() | st.just("truncated"),
    download=st.none() | st.just("2" * 32),
)


def signed(picture: Picture = PICTURE, created: int = CREATED) -> str:
    return LINKS.signed(picture, ORGANIZATION, USER, created)


def read(url: str, now: int = CREATED) -> Picture:
    path, _, query = url.partition("?")
    return LINKS.read(path, query, now)


def test_a_url_has_the_shape_and_order_that_was_recorded() -> None:
    assert SHAPE.fullmatch(signed())


@given(pictures)
def test_a_url_gives_back_the_picture_that_was_written(picture: Picture) -> None:
    assert read(signed(picture)) == picture


@pytest.mark.parametrize("form", MEDIA)
def test_a_url_names_what_the_picture_is(form: str) -> None:
    media, ending = MEDIA[form]
    path, fields = means(signed(PICTURE._replace(format=form)))
    assert path.endswith(f".{ending}")
    assert dict(fields)["rsct"] == media


@given(pictures)
def test_a_url_is_shorter_than_two_thousand_characters(picture: Picture) -> None:
    assert len("http://images-mock.internal.test:65535" + signed(picture)) < 2000


def test_even_the_longest_prompt_in_four_byte_characters_fits() -> None:
    longest = PICTURE._replace(prompt="\U0001f98a" * SHOWN)
    assert len(signed(longest)) < 1900


@given(st.data())
def test_one_altered_character_is_refused(data: st.DataObject) -> None:
    url = signed()
    place = data.draw(st.integers(0, len(url) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(url[place].__ne__))
    altered = url[:place] + other + url[place + 1 :]
    if means(altered) == means(url):  # %3A and %3a
        assert read(altered) == PICTURE
        return
    with pytest.raises(LinkError):
        read(altered)


def means(url: str) -> tuple[str, list[tuple[str, str]]]:
    """A URL's path as it is, and its fields decoded."""
    path, _, query = url.partition("?")
    return path, parse_qsl(query, keep_blank_values=True)


def escaped(text: str, pattern: bytes) -> str:
    """The same text in a query, escaped here and there, as the bytes of a pattern say."""
    forms = [(quote(c, safe=""), f"%{ord(c):02X}", f"%{ord(c):02x}") for c in text]
    return "".join(form[how % 3] for form, how in zip(forms, cycle(pattern), strict=False))


@settings(max_examples=40)
@given(st.data(), pictures, st.binary(min_size=1, max_size=30))
def test_order_escapes_and_unknown_fields_change_nothing(
    data: st.DataObject, picture: Picture, pattern: bytes
) -> None:
    path, fields = means(signed(picture))
    more = data.draw(st.lists(st.tuples(st.sampled_from(["utm", "ST", "", "x"]), prompts)))
    pairs = data.draw(st.permutations([*fields, *more]))
    query = "&".join(
        f"{escaped(n, pattern)}={escaped(v[:20] if n in NEW else v, pattern)}" for n, v in pairs
    )
    assert LINKS.read(path, query, CREATED) == picture


NEW = {"utm", "ST", "", "x"}


@pytest.mark.parametrize("name", [name for name, _ in means(signed())[1]])
@pytest.mark.parametrize("also", [[], ["same"], ["other"], [""]], ids=str)
def test_a_signed_field_stands_there_once(name: str, also: list[str]) -> None:
    path, fields = means(signed())
    kept = [(n, v) for n, v in fields if n != name]
    value = dict(fields)[name]
    pairs = [
        *kept,
        *((name, value) for _ in also),
        *((name, v.replace("same", value)) for v in also),
    ]
    with pytest.raises(LinkError) as refused:
        LINKS.read(path, urlencode(pairs), CREATED)
    assert refused.value.why == "malformed" or (not also and refused.value.why == "altered")


@pytest.mark.parametrize("spoilt", [("%2B", "+"), ("&", "&amp;"), ("&", ";")], ids=str)
def test_what_spoils_a_value_is_refused(spoilt: tuple[str, str]) -> None:
    url = next(u for u in (signed(created=CREATED + i) for i in range(99)) if "%2B" in u)
    assert read(url) == PICTURE
    with pytest.raises(LinkError):
        read(url.replace(*spoilt))


@pytest.mark.parametrize(
    ("now", "old", "new", "why"),
    [
        (CREATED, "sp=r", "sp=rw", "altered"),
        (CREATED + 3600, "", "", "expired"),
        (CREATED + 3600, "sp=r", "sp=rw", "expired"),
        (CREATED - 3601, "", "", "early"),
        (CREATED, "&se=", "&es=", "malformed"),
        (CREATED, "&sig=", "&gis=", "malformed"),
        (CREATED, "2025", "year", "malformed"),
        (CREATED, "sp=r", "sp=%FF", "altered"),  # no text
        (CREATED, "sig=", "sig=%FF", "altered"),
    ],
)
def test_a_refused_url_says_what_is_wrong_with_it(now: int, old: str, new: str, why: str) -> None:
    with pytest.raises(LinkError) as refused:
        read(signed().replace(old, new), now)
    assert (refused.value.why, str(refused.value)) == (why, why)
    assert refused.value.fields["sr"] == "b"


@given(st.integers(0, len(signed()) - 1))
def test_a_url_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(LinkError):
        read(signed()[:length])


@given(st.integers(-(10**9), 10**9))
def test_a_url_is_good_from_an_hour_before_to_an_hour_after(offset: int) -> None:
    if -3600 <= offset < 3600:
        assert read(signed(), CREATED + offset) == PICTURE
    else:
        with pytest.raises(LinkError) as refused:
            read(signed(), CREATED + offset)
        assert refused.value.window is not None


def test_a_client_that_decodes_what_need_not_be_escaped_is_understood() -> None:
    path, _, query = signed().partition("?")
    decoded = query.replace("%3A", ":")
    assert LINKS.read(path, decoded[:-3] + "=", CREATED) == PICTURE


def test_another_seed_signs_otherwise() -> None:
    path, query = signed().split("?")
    with pytest.raises(LinkError):
        Links(b"other", load().link).read(path, query, CREATED)


def test_the_window_is_an_hour_each_way() -> None:
    fields = parse_qs(signed().partition("?")[2])
    assert fields["st"] == ["2025-03-30T23:00:00Z"]
    assert fields["se"] == ["2025-03-31T01:00:00Z"]


def test_two_pictures_of_one_request_differ_only_in_name_payload_and_signature() -> None:
    one, two = signed(), signed(PICTURE._replace(place=1, digest=bytes(16)))
    fields = [parse_qs(url.partition("?")[2]) for url in (one, two)]
    assert {k for k in fields[0] if fields[0][k] != fields[1][k]} == {"mock", "sig"}
    assert unquote(one.split("?")[0]) != unquote(two.split("?")[0])


def test_the_url_of_a_picture_made_then_is_this_to_the_letter() -> None:
    """Users keep URLs in recordings: another hash of the name or the signature breaks them."""
    assert signed() == (
        "/private/org-AAAAAAAAAAAAAAAAAAAAAAAA/user-bbbbbbbbbbbbbbbbbbbbbbbb"
        "/img-UKktCjqvS9nf5cwYMaXW5Wb8.png?st=2025-03-30T23%3A00%3A00Z"
        "&se=2025-03-31T01%3A00%3A00Z&sp=r&sv=2021-08-06&sr=b&rscd=inline&rsct=image/png"
        "&skoid=6aaadede-4fb3-4698-a8f6-684d7786b067&sktid=a48cca56-e6da-484e-a814-9c849652bcb3"
        "&skt=2025-03-31T00%3A00%3A00Z&ske=2025-04-01T00%3A00%3A00Z&sks=b&skv=2021-08-06"
        "&mock=WyJpbWFnZXMuZ2VuZXJhdGUiLCJkYWxsLWUtMiIsImEgcmVkIGZveCIsNTEyLDUxMiwwLDIsbnVsbCxudWxs"
        "LCIwMDAxMDIwMzA0MDUwNjA3MDgwOTBhMGIwYzBkMGUwZiIsbnVsbCxudWxsXQ"
        "&sig=R5NAsTFuoD/xv1wvzYmoYN1Cgn%2BPRclttOXTJ00ctqs%3D"
    )


def test_signatures_stay_as_they_were() -> None:
    digest = sha256("\n".join(signed(created=CREATED + i) for i in range(100)).encode()).hexdigest()
    assert digest == "865678f58a3d509c2c0d06a87d6c04c583605b85d1a3b4c11be5c34d853b0d09"


# -- what is signed by somebody who knows the seed, but was never asked for ----------------------


FORGED = [
    {"width": True},
    {"place": -1},
    {"n": 0},
    {"prompt": "x" * (SHOWN + 1)},
    {"digest": b""},
    {"images": (5,)},
    {"fault": "given"},
    {"options": (("output_compression", "high"),)},
]


@pytest.mark.parametrize("change", FORGED, ids=str)
def test_what_nobody_could_have_asked_for_is_no_picture_however_it_is_signed(
    change: dict[str, object],
) -> None:
    with pytest.raises(LinkError, match="malformed"):
        read(signed(PICTURE._replace(**change)))  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", ["", "e30", "W10", "bnVsbA", "WyJ4Il0", "eA", "e"])
def test_a_signed_payload_that_is_no_picture_is_refused(
    payload: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mockserver.core.links._packed", lambda _: payload)
    with pytest.raises(LinkError, match="malformed"):
        read(signed())


@pytest.mark.parametrize("media", ["text/html", "image/svg+xml", "application/xml", ""])
def test_a_url_says_no_other_content_type_than_its_picture_has(
    media: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MEDIA, "PNG", (media, "png"))
    url = signed()
    monkeypatch.undo()
    with pytest.raises(LinkError, match="altered"):
        read(url)


def forged(payload: Any) -> tuple[str, str]:
    """Path and query of a URL that has another payload, and is signed as if it were genuine."""
    path, _, query = LINKS.signed(PICTURE, "org-a", "user-b", CREATED).partition("?")
    told = urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    unsigned = f"{query.partition('&mock=')[0]}&mock={told}"
    return path, f"{unsigned}&sig={quote(LINKS._signature(f'{path}?{unsigned}'), safe='')}"


TOLD = {"v": 2, **PICTURE._asdict(), "digest": "00" * 16, "options": {}}


def test_a_payload_that_is_genuine_is_read() -> None:
    assert LINKS.read(*forged(TOLD), CREATED).prompt == PICTURE.prompt


@pytest.mark.parametrize(
    "payload",
    [{}, [], None, 1, "x", [1] * 7, {"digest": 1}, {"digest": "0", "options": 1}]
    + [TOLD | change for change in ({"width": 10**6}, {"width": -1}, {"width": "9"}, {"height": 8})]
    + [TOLD | change for change in ({"format": "BMP"}, {"options": {"a": [1]}}, {"prompt": 1})]
    + [TOLD | {"format": "GIF", "options": {"frame_count": many}} for many in (10**6, -1, "x")],
    ids=str,
)
def test_what_another_version_or_somebody_who_knows_the_seed_signed_is_no_picture(
    payload: Any,
) -> None:
    with pytest.raises(LinkError, match="malformed"):
        LINKS.read(*forged(payload), CREATED)


def test_every_size_of_the_facts_has_room() -> None:
    sizes = {
        size
        for day in ("2022-12-01", "2025-06-01", "2026-11-28")
        for model in load(date.fromisoformat(day)).models.values()
        for offer in model.offers.values()
        for size in offer.parameter["size"].values or ()
        if "x" in size
    }
    assert len(sizes) > 5
    for width, height in (map(int, size.split("x")) for size in [*sizes, "3840x2160"]):
        assert PICTURE._replace(width=width, height=height).is_drawable
