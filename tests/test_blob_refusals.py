"""Why a picture's URL is refused: what the store says, and what log and journal add."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from io import BytesIO
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockserver.clock import ManualClock
from mockserver.facts import load
from tests.conftest import Api, generate
from tests.test_blobs import STANDING, URL, code_of


def test_an_altered_url_is_told_which_string_was_signed() -> None:
    response = STANDING.get(URL.replace("&sp=r&", "&sp=r<&"))
    found = ElementTree.fromstring(response.content).findtext("AuthenticationErrorDetail") or ""
    path, key = URL.partition("?")[0], load().link
    lines = [
        *("r<", "2025-03-30T23:00:00Z", "2025-03-31T01:00:00Z", f"/blob/oaidalleapiprodscus{path}"),
        *(key.skoid, key.sktid, "2025-03-31T00:00:00Z", "2025-04-01T00:00:00Z", "b", key.sv),
        *("", "", "", "", "", key.sv, "b", "", "", "", "inline", "", "", "image/png"),
    ]
    assert found == "Signature did not match. String to sign used was " + "\n".join(lines)


@given(st.dictionaries(st.sampled_from(["sp", "rscd", "sig", "x"]), st.text(max_size=9)))
def test_whatever_is_altered_the_refusal_is_xml(fields: dict[str, str]) -> None:
    asked = dict(parse_qsl(URL.partition("?")[2])) | fields | {"sr": "altered"}
    response = STANDING.get(f"{URL.partition('?')[0]}?{urlencode(asked, errors='surrogatepass')}")
    assert code_of(response) == "AuthenticationFailed"


REASONS = [
    ("sp=r&", "sp=rw&", 0, "altered", "Signature did not match."),
    ("", "", 3600, "expired", "Signature not valid in the specified time frame"),
    ("", "", -3601, "early", "Signature not valid in the specified time frame"),
    ("&se=", "&es=", 0, "malformed", "Signature fields not well formed."),
]


@pytest.mark.parametrize(("old", "new", "late", "why", "words"), REASONS)
def test_log_and_journal_say_why_a_url_was_refused(
    api: Api, capsys: pytest.CaptureFixture[str], clock: ManualClock,
    old: str, new: str, late: float, why: str, words: str,
) -> None:  # fmt: skip
    client = api(log_format="text")
    url = generate(client).json()["data"][0]["url"]
    clock.advance(late)
    assert client.get(url.replace(old, new)).status_code == 403
    assert f"refused=AuthenticationFailed({why})" in capsys.readouterr().err
    (record,) = client.get("/_mock/downloads").json()["downloads"]
    assert record["error"]["message"].startswith(words)


def test_log_and_journal_say_that_an_upload_is_gone(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text", upload_cache="0")
    image = BytesIO()
    Image.new("RGBA", (8, 8)).save(image, "PNG")
    sent = client.post("/v1/images/variations", files={"image": ("x.png", image.getvalue())})
    capsys.readouterr()
    response = client.get(sent.json()["data"][0]["url"])
    assert (response.status_code, code_of(response)) == (404, "BlobNotFound")
    log = capsys.readouterr().err
    assert "refused=BlobNotFound(upload_gone)" in log
    (record,) = client.get("/_mock/downloads").json()["downloads"]
    for said in (log, response.headers["mock-hint"], record["trace"][0]):
        assert "--upload-cache" in said
