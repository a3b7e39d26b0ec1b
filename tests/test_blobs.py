"""The blob store behind picture URLs, in process: whole, in parts, on conditions, and refused."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from itertools import pairwise
from urllib.parse import parse_qsl

import pytest
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core import blob_errors
from mockserver.core.blob_errors import BlobError, BlobWording, blob_error_body, window_detail
from mockserver.core.picture import Picture
from mockserver.request.world import World
from tests.conftest import Api, generate
from tests.in_process import client_of

CREATED = 1_743_379_200  # 2025-03-31 00:00 UTC, where the clock stands
MADE = "Mon, 31 Mar 2025 00:00:00 GMT"
BEFORE, AFTER = "Sun, 30 Mar 2025 23:59:59 GMT", "Mon, 31 Mar 2025 00:00:01 GMT"
PICTURE = Picture(
    "images.generate",
    "dall-e-2",
    "a red fox",
    256,
    256,
    0,
    1,
    bytes(range(16)),
    (("quality", None), ("style", None)),
)
CONFIG = configured(log_format="none")
GUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
WORDINGS = [w for w in vars(blob_errors).values() if isinstance(w, BlobWording)]


def client_at(clock: ManualClock) -> TestClient:
    return client_of(create_app(CONFIG, clock=clock))


def signed(picture: Picture = PICTURE, created: int = CREATED) -> str:
    return World(CONFIG).links.signed(picture, "org-" + "A" * 24, "user-" + "b" * 24, created)


# One application for the properties: thousands of requests change nothing in it.
URL = signed()
STANDING = client_at(ManualClock())
WHOLE = STANDING.get(URL).content
SIZE = len(WHOLE)


def fetch(**headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return STANDING.get(URL, headers=named)


def code_of(response: Response) -> str | None:
    """The code of a refusal, which its body and its header must agree on."""
    code = ElementTree.fromstring(response.content).findtext("Code")
    assert response.headers["x-ms-error-code"] == code
    assert response.headers["content-type"] == "application/xml"
    assert int(response.headers["content-length"]) == len(response.content)
    return code


# -- whole ---------------------------------------------------------------------------------------


def test_a_picture_comes_with_the_headers_of_a_plain_blob() -> None:
    response = fetch()
    headers = dict(response.headers)
    assert response.status_code == 200
    assert WHOLE.startswith(b"\x89PNG\r\n\x1a\n")
    assert GUID.fullmatch(headers.pop("x-ms-request-id"))
    assert re.fullmatch('"0x8D[0-9A-F]{13}"', headers.pop("etag"))
    assert headers == {
        "content-length": str(SIZE),
        "content-md5": b64encode(md5(WHOLE).digest()).decode(),
        "content-type": "image/png",
        "content-disposition": "inline",
        "last-modified": MADE,
        "accept-ranges": "bytes",
        "x-ms-creation-time": MADE,
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-server-encrypted": "true",
        "x-ms-version": "2021-08-06",
    }


def test_the_same_picture_has_the_same_etag_and_another_picture_another() -> None:
    later = STANDING.get(signed(created=CREATED + 60))
    other = STANDING.get(signed(PICTURE._replace(digest=bytes(16))))
    assert later.headers["etag"] == fetch().headers["etag"] != other.headers["etag"]
    assert later.headers["last-modified"] == "Mon, 31 Mar 2025 00:01:00 GMT"


def test_a_picture_is_as_old_as_its_generation_says(api: Api, clock: ManualClock) -> None:
    client = api(latency="10s")
    body = generate(client).json()
    clock.advance(600)
    made = datetime.fromtimestamp(body["created"], UTC)
    told = client.get(body["data"][0]["url"]).headers["last-modified"]
    assert told == format_datetime(made, usegmt=True)


@pytest.mark.parametrize("authorization", [None, "Bearer sk-mock-me", "SharedKey a:b", ""])
def test_an_authorization_header_changes_nothing(authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert STANDING.get(URL, headers=headers).content == WHOLE
    assert STANDING.get(URL[:-1], headers=headers).status_code == 403


# -- parts ---------------------------------------------------------------------------------------

numbers = st.integers(0, 2 * SIZE) | st.integers(SIZE - 2, SIZE + 2) | st.integers(0, 10**30)
header_names = st.sampled_from(["Range", "x-ms-range"])


def assert_part(response: Response, first: int, last: int) -> None:
    """`last` is included, as it is in a header."""
    assert response.status_code == 206
    assert response.content == WHOLE[first : last + 1]
    assert response.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert response.headers["content-length"] == str(len(response.content))
    assert "content-md5" not in response.headers
    assert response.headers["x-ms-blob-content-md5"] == fetch().headers["content-md5"]


def assert_nothing_there(response: Response) -> None:
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{SIZE}"
    assert code_of(response) == "InvalidRange"


@given(numbers, numbers, header_names)
def test_a_range_is_exactly_that_slice(first: int, last: int, name: str) -> None:
    response = STANDING.get(URL, headers={name: f"bytes={first}-{last}"})
    if last < first:
        assert (response.status_code, response.content) == (200, WHOLE)
    elif first >= SIZE:
        assert_nothing_there(response)
    else:
        assert_part(response, first, min(last, SIZE - 1))


@given(numbers, header_names)
def test_an_open_range_reaches_to_the_end(first: int, name: str) -> None:
    response = STANDING.get(URL, headers={name: f"bytes={first}-"})
    if first >= SIZE:
        assert_nothing_there(response)
    else:
        assert_part(response, first, SIZE - 1)


@settings(max_examples=40)
@given(numbers, header_names)
def test_a_suffix_is_the_end_of_the_picture(count: int, name: str) -> None:
    response = STANDING.get(URL, headers={name: f"bytes=-{count}"})
    if count == 0:
        assert_nothing_there(response)
    else:
        assert_part(response, max(0, SIZE - count), SIZE - 1)


@settings(max_examples=40)
@given(st.lists(st.integers(1, SIZE - 1), max_size=8, unique=True).map(sorted))
def test_pieces_put_together_are_the_picture(cuts: list[int]) -> None:
    edges = [0, *cuts, SIZE]
    pieces = [fetch(Range=f"bytes={a}-{b - 1}").content for a, b in pairwise(edges)]
    assert b"".join(pieces) == WHOLE


def test_the_vendor_s_own_range_header_wins() -> None:
    assert_part(fetch(Range="bytes=0-9", x_ms_range="bytes=10-19"), 10, 19)


@pytest.mark.parametrize(
    "text",
    ["bytes=-", "bytes=", "bytes", "bytes=a-b", "bytes=0-1,5-6", "bytes=9-3", "lines=0-1", "-1"]
    + ["bytes=+1-2", "bytes=0x1-2", "bytes=1-2-3", "bytes=" + "9" * 5000 + "-", ""],
)
def test_what_is_no_single_range_gets_the_whole(text: str) -> None:
    assert (fetch(Range=text).status_code, fetch(Range=text).content) == (200, WHOLE)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_no_range_or_date_breaks_the_answer(text: str) -> None:
    dates = {"If-Modified-Since": text, "If-Unmodified-Since": text}
    assert fetch(Range=f"bytes={text}", **dates).status_code in {200, 206, 304, 412, 416}
    assert fetch(If_Range=text).status_code == 200


def test_if_range_gives_the_part_of_the_same_picture_only() -> None:
    for same in (fetch().headers["etag"], MADE):
        assert_part(fetch(Range="bytes=5-", If_Range=same), 5, SIZE - 1)
    for other in ('"0x8D0000000000000"', "W/" + fetch().headers["etag"], BEFORE, "x"):
        assert fetch(Range="bytes=5-", If_Range=other).content == WHOLE


# -- conditions ----------------------------------------------------------------------------------

ETAG = fetch().headers["etag"]
OTHER = '"0x8D0000000000000"'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If_None_Match": ETAG}, 304),
        ({"If_None_Match": ETAG.strip('"')}, 304),  # Azure takes it without quotes
        ({"If_None_Match": f"{OTHER}, W/{ETAG}"}, 304),
        ({"If_None_Match": f"{OTHER},{ETAG}"}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": OTHER}, 200),
        ({"If_Modified_Since": MADE}, 304),
        ({"If_Modified_Since": AFTER}, 304),
        ({"If_Modified_Since": BEFORE}, 200),
        ({"If_Modified_Since": "yesterday"}, 200),
        ({"If_Modified_Since": "Mon, 31 Mar 99999999999999999999 00:00:00 GMT"}, 200),
        ({"If_Modified_Since": "Mon, 31 Mar 2025 00:00:00 -0000"}, 304),
        ({"If_Match": ETAG}, 200),
        ({"If_Match": "*"}, 200),
        ({"If_Match": OTHER}, 412),
        ({"If_Match": f"W/{ETAG}"}, 412),  # compared strongly
        ({"If_Unmodified_Since": MADE}, 200),
        ({"If_Unmodified_Since": BEFORE}, 412),
        ({"If_Unmodified_Since": "Mon, 31 Mar 2025 01:00:00 +0200"}, 412),
        # If-Match && If-Unmodified-Since && (If-None-Match || If-Modified-Since)
        ({"If_Match": ETAG, "If_Unmodified_Since": BEFORE}, 412),
        ({"If_None_Match": ETAG, "If_Modified_Since": BEFORE}, 200),
        ({"If_None_Match": OTHER, "If_Modified_Since": AFTER}, 200),
        ({"If_None_Match": ETAG, "If_Modified_Since": AFTER}, 304),
        ({"If_Match": OTHER, "If_None_Match": ETAG}, 412),
        ({"If_None_Match": ETAG, "Range": "bytes=0-9"}, 304),
        ({"If_Match": ETAG, "Range": "bytes=0-9"}, 206),
        ({"If_Match": OTHER, "Range": f"bytes={SIZE}-"}, 412),
    ],
)
def test_a_condition_decides_before_the_picture_is_sent(
    headers: dict[str, str], status: int
) -> None:
    response = fetch(**headers)
    assert response.status_code == status
    if status == 304:
        assert response.content == b""
        assert (response.headers["etag"], response.headers["last-modified"]) == (ETAG, MADE)
        assert "content-length" not in response.headers
    if status == 412:
        assert code_of(response) == "ConditionNotMet"


# -- HEAD ----------------------------------------------------------------------------------------


def same_but_for_the_request(response: Response) -> dict[str, str]:
    return {k: v for k, v in response.headers.items() if k != "x-ms-request-id"}


@pytest.mark.parametrize("url", [URL, URL[:-1], URL.partition("?")[0], "/private/x"])
@pytest.mark.parametrize("headers", [{}, {"If-None-Match": ETAG}, {"If-Match": OTHER}])
def test_head_tells_what_get_tells_without_a_body(url: str, headers: dict[str, str]) -> None:
    got, head = STANDING.get(url, headers=headers), STANDING.head(url, headers=headers)
    assert head.content == b""
    assert head.status_code == got.status_code
    assert same_but_for_the_request(head) == same_but_for_the_request(got)


def test_head_does_not_know_ranges() -> None:
    head = STANDING.head(URL, headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(SIZE))


# -- refusals ------------------------------------------------------------------------------------

# What is cut by `#`, a client does not send: `test_a_cut_url_is_refused` has that.
printable = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#")
PREFIX = len("/private/")


@given(st.data())
def test_one_altered_character_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(PREFIX, len(URL) - 1))
    other = data.draw(printable.filter(URL[place].__ne__))
    altered = URL[:place] + other + URL[place + 1 :]
    if parse_qsl(altered.partition("?")[2]) == parse_qsl(URL.partition("?")[2]):  # %3A and %3a
        return
    response = STANDING.get(altered)
    assert (response.status_code, code_of(response)) == (403, "AuthenticationFailed")


@given(st.integers(URL.index("img-") + 4, len(URL) - 1))
def test_a_cut_url_is_refused(length: int) -> None:
    response = STANDING.get(URL[:length])
    assert (response.status_code, code_of(response)) == (403, "AuthenticationFailed")


@given(
    st.integers(-(10**9), 10**9) | st.sampled_from([-3601, -3600, 3599, 3600]) | st.integers(-1, 1)
)
def test_a_url_answers_inside_its_window_only(offset: int) -> None:
    response = STANDING.get(signed(created=CREATED - offset))
    assert response.status_code == (200 if -3600 <= offset < 3600 else 403)


def test_an_expired_url_answers_as_it_was_recorded() -> None:
    # The record: opened on 2023-03-27 07:28:51.8578866, made on 2023-03-25 18:12:35.
    now = 1_679_902_131_857_886_600
    detail = window_detail(1_679_764_355, 1_679_771_555, now // 10**9)
    error = BlobError(blob_errors.BLOB_REFUSED, detail)
    assert blob_error_body(error, "9f915471-f01e-0050-757d-60ffe4000000", now) == (
        b"\xef\xbb\xbf"
        b'<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>'
        b"Server failed to authenticate the request. Make sure the value of Authorization header "
        b"is formed correctly including the signature.\nRequestId:9f915471-f01e-0050-757d-"
        b"60ffe4000000\nTime:2023-03-27T07:28:51.8578866Z</Message><AuthenticationErrorDetail>"
        b"Signature not valid in the specified time frame: Start [Sat, 25 Mar 2023 17:12:35 GMT] - "
        b"Expiry [Sat, 25 Mar 2023 19:12:35 GMT] - Current [Mon, 27 Mar 2023 07:28:51 GMT]"
        b"</AuthenticationErrorDetail></Error>"
    )


def test_a_refusal_names_the_window_if_it_can_be_read(clock: ManualClock) -> None:
    clock.advance(3600.5)
    client = client_at(clock)
    for url in (URL, URL[:-1]):
        response = client.get(url)
        assert response.headers["x-ms-request-id"] in response.text
        assert "\nTime:2025-03-31T01:00:00.5000000Z</Message>" in response.text
        assert "Start [Sun, 30 Mar 2025 23:00:00 GMT] - Expiry [Mon, 31 Mar" in response.text
        assert (
            "Current [Mon, 31 Mar 2025 01:00:00 GMT]</AuthenticationErrorDetail>" in response.text
        )
    assert "Signature fields not well formed." in client.get(URL.replace("&se=", "&es=")).text


@pytest.mark.parametrize(
    "path", ["", "x", "org-a/user-b", "org-a/user-b/other.png", "a/b/img-c.png", "org-a/user-b/c/d"]
)
def test_what_was_never_a_picture_is_not_found(path: str) -> None:
    response = STANDING.get(f"/private/{path}")
    assert (response.status_code, code_of(response)) == (404, "BlobNotFound")
    # With a signature, that is looked at first.
    assert STANDING.get(f"/private/{path}?{URL.partition('?')[2]}").status_code == 403


def test_a_picture_whose_upload_is_gone_is_not_found() -> None:
    url = signed(PICTURE._replace(operation="images.edit", images=("0" * 32,)))
    response = STANDING.get(url)
    assert (response.status_code, code_of(response)) == (404, "BlobNotFound")
    assert STANDING.get(url[:-1]).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PURGE"])
def test_other_methods_are_refused_whatever_the_url(method: str) -> None:
    for url in (URL, URL[:-1], "/private/x"):
        response = STANDING.request(method, url)
        assert (response.status_code, code_of(response)) == (405, "UnsupportedHttpVerb")
        assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("wording", WORDINGS, ids=lambda w: f"{w.status} {w.level}")
def test_every_refusal_has_words_with_level_and_source(wording: BlobWording) -> None:
    assert wording.level in {"observed", "observed in part", "documented"}
    assert wording.source
    told = ElementTree.fromstring(blob_error_body(BlobError(wording), "1", 0))
    assert (told.tag, [part.tag for part in told]) == ("Error", ["Code", "Message"])
