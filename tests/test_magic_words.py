"""What magic words in a prompt do to answers, in process and over a real socket."""

from __future__ import annotations

import json
from http.client import RemoteDisconnected
from io import BytesIO

import openai
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.facts import load
from mockserver.testing import ImagesMock
from tests.conftest import Api, generate
from tests.test_rules import BROKEN, SMALL, partial, script, sent_to

WORDS = load().magic_words


def is_plain(client: TestClient, prompt: str) -> bool:
    answer = generate(client, prompt=prompt, **SMALL)
    with Image.open(BytesIO(client.get(answer.json()["data"][0]["url"]).content)) as image:
        image.load()
        return (image.size, image.format) == ((256, 256), "PNG")


IN_THE_BODY = {
    **dict.fromkeys(("refuse", "429", "quota", "hard-limit", "overloaded", "500"), '"error": {'),
    **dict.fromkeys(("spend-limit", "project-limit", "usage-limit"), "_limit_exceeded"),
    **dict.fromkeys(("502", "503", "504", "html-page"), "<html>"),
    "empty": "",
    "no-pictures": '"data": []',
}


@pytest.mark.parametrize("name", [n for n in WORDS if n not in ("stall", "disconnect", "lost")])
def test_each_magic_word_has_its_effect_and_can_be_turned_off(
    api: Api, clock: ManualClock, name: str
) -> None:
    client, start = api(), clock.now()
    prompt = f"a fox mock:{name}{'=5s' if name == 'slow' else ''}"
    answer = generate(client, prompt=prompt, **SMALL)
    match name:
        case _ if name in IN_THE_BODY:
            assert str(answer.status_code) in WORDS[name].help
            assert IN_THE_BODY[name] in answer.text
        case "slow":
            assert clock.now() - start == 5 * 10**9
        case "bad-json":
            with pytest.raises(json.JSONDecodeError):
                answer.json()
        case "html":
            assert answer.headers["content-type"] == "text/html"
        case "expired-url":
            assert client.get(answer.json()["data"][0]["url"]).status_code == 403
        case "truncated":
            with pytest.raises(OSError, match=BROKEN):
                is_plain(client, prompt)
        case _:
            assert not is_plain(client, prompt)
    assert is_plain(api(magic="off"), prompt)


def test_a_misspelt_magic_word_is_told_in_header_log_and_journal(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text")
    response = generate(client, prompt="a fox mock:refsue")
    assert response.status_code == 200
    (asked,) = client.get("/_mock/requests").json()["requests"]
    for said in (response.headers["mock-warning"], capsys.readouterr().err, str(asked["trace"])):
        assert "'mock:refsue' is no magic word: did you mean mock:refuse?" in said
    assert "no magic word" not in str(generate(api(magic="off"), prompt="mock:refsue").headers)


def test_the_magic_words_that_break_the_line_or_never_answer(server: ImagesMock) -> None:
    key = "sk-mock-magic"
    assert partial(server, key, "mock:disconnect")
    with sent_to(server, key, "mock:lost") as line, pytest.raises(RemoteDisconnected):
        line.getresponse()
    with (
        openai.OpenAI(base_url=server.url, api_key=key, timeout=0.1, max_retries=0) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.images.generate(prompt="mock:stall", model="dall-e-2")


def test_a_magic_word_can_be_for_the_first_requests_alone_and_a_rule_goes_before_it(
    api: Api,
) -> None:
    client = api()
    prompt = "mock:429x2"
    assert [generate(client, prompt=prompt).status_code for _ in range(3)] == [429, 429, 200]
    assert generate(client, prompt="mock:429x2 again").status_code == 429
    script(client, {"error": "internal"}, next=True)
    assert generate(client, prompt="mock:429").status_code == 500
    assert generate(client, prompt="mock:429").status_code == 429
