"""The header traceparent: kept where it is one, told in journal and log, and to no client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.client.requests import Request
from mockserver.core.trace_context import traceparent_in
from mockserver.request.log_writer import WRITER
from tests.conftest import GENERATIONS, Api, generate

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{TRACE}-{SPAN}-01"
ASKED = {"prompt": "x"}
#: Of a later version what is known is kept.
GOOD = {
    SENT: SENT,
    f"  {SENT}\t": SENT,
    SENT.replace("-01", "-ff"): SENT.replace("-01", "-ff"),
    f"cc{SENT[2:]}": f"cc{SENT[2:]}",
    f"cc{SENT[2:]}-what-the-future-will-be-like": f"cc{SENT[2:]}",
}
BAD = (
    *("", "x", SENT[:-1], f"{SENT}0", f"{SENT}-", f"{SENT}-more", SENT.upper(), f"ff{SENT[2:]}"),
    *(SENT.replace(TRACE, "0" * 32), SENT.replace(SPAN, "0" * 16), SENT.replace("-", "_")),
    *(f"cc{SENT[2:]}.more", SENT.replace("00-", "0-"), SENT.replace("4b", "４b"), f"{SENT},{SENT}"),
)


@pytest.mark.parametrize("sent", GOOD)
def test_a_valid_one_is_read(sent: str) -> None:
    assert traceparent_in([sent.encode()]) == GOOD[sent]


@pytest.mark.parametrize("sent", BAD)
def test_what_is_none_is_ignored(sent: str) -> None:
    assert traceparent_in([sent.encode()]) == ""


def test_two_are_none() -> None:
    assert traceparent_in([SENT.encode(), SENT.encode()]) == ""


def records(client: Any, path: str = "requests") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/_mock/{path}").json()[path]
    return found


def test_the_journal_has_it_where_it_was_sent(api: Api) -> None:
    client = api()
    url = client.post(GENERATIONS, headers={"Traceparent": SENT}, json=ASKED).json()["data"][0][
        "url"
    ]
    client.post(GENERATIONS, headers={"traceparent": "nonsense"}, json=ASKED)
    client.post(GENERATIONS, headers=[("traceparent", SENT), ("traceparent", SENT)], json=ASKED)
    generate(client)
    client.get(url, headers={"traceparent": SENT})
    client.post("/v1/nowhere", headers={"traceparent": SENT})
    told = records(client)
    assert [r.get("traceparent") for r in told] == [SENT, None, None, None, SENT]
    assert [r["traceparent"] for r in records(client, "downloads")] == [SENT]
    assert [Request.of(r).traceparent for r in told] == [SENT, "", "", "", SENT]
    assert str(Request.of(told[0])).endswith(f" trace={TRACE}")
    assert "trace=" not in str(Request.of(told[1]))


def test_no_answer_repeats_it(api: Api) -> None:
    client = api()
    headers = {"traceparent": SENT, "tracestate": f"a={SPAN}"}
    for body in ({"prompt": "x"}, {"prompt": "mock:429"}, {"prompt": "mock:500"}, {}):
        answer = client.post(GENERATIONS, json=body, headers=headers)
        said = f"{answer.headers} {answer.text}"
        assert not any(part in said for part in (TRACE, SPAN, "traceparent", "tracestate"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_has_it_as_its_readers_look_for_it(
    api: Api, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format=form)
    for headers in ({"traceparent": SENT}, {}):
        client.post(GENERATIONS, headers=headers, json=ASKED)
    WRITER.flush()
    with_it, without = [w for w in capsys.readouterr().err.splitlines() if GENERATIONS in w]
    if form == "json":
        told = json.loads(with_it)
        assert (told["trace_id"], told["span_id"]) == (TRACE, SPAN)
        assert "trace_id" not in json.loads(without)
    else:
        assert f" trace={TRACE} " in with_it
        assert "trace=" not in without
