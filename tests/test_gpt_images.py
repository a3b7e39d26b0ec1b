"""GPT image models: each at its day takes what it took, and answers as was recorded."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from typing import Any

import openai
import pytest
from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.facts import ever_there
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.test_records import seconds

TODAY = "2026-11-28"
#: Those that are there on that day, and the one that is gone.
MODELS = sorted(name for name, life in ever_there().items() if life.family == "gpt-image")
ALIVE = [model for model in MODELS if model != "gpt-image-1"]
FREE = [model for model in ALIVE if model.startswith("gpt-image-2")]
TRANSPARENT = [model for model in ALIVE if not model.startswith("gpt-image-2") or "2." in model]
ALL_FIELDS = ["created", "background", "data", "output_format", "quality", "size", "usage"]
USAGE = ["input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details", "total_tokens"]  # fmt: skip


@pytest.fixture
def client(api: Api, clock: ManualClock) -> TestClient:
    """A server without a day of its own, on that day."""
    clock.advance(seconds(TODAY) - clock.now() / 1e9)
    return api(tier="off")


def pictures(answer: Response) -> list[Image.Image]:
    assert answer.status_code == 200, answer.text[:500]
    return [Image.open(io.BytesIO(b64decode(p["b64_json"]))) for p in answer.json()["data"]]


@pytest.mark.parametrize("model", ALIVE)
def test_a_model_answers_beside_dall_e_with_every_field_in_its_place(
    client: TestClient, model: str
) -> None:
    answer = generate(client, model=model, n=2, quality="low", size="1024x1024", user="me")
    told = answer.json()
    assert list(told) == ALL_FIELDS
    assert list(told["usage"]) == USAGE
    assert (told["background"], told["output_format"]) == ("opaque", "png")
    assert (told["quality"], told["size"]) == ("low", "1024x1024")
    assert [(p.size, p.mode, p.format) for p in pictures(answer)] == [
        ((1024, 1024), "RGB", "PNG")
    ] * 2
    assert [list(item) for item in told["data"]] == [["b64_json"]] * 2
    assert generate(client).json()["data"][0].keys() == {"url"}  # DALL·E is as ever


def test_the_body_is_laid_out_as_recorded(client: TestClient) -> None:
    answer = generate(client, model="gpt-image-2", prompt="a siamese cat", size="1024x1024")
    b64 = answer.json()["data"][0]["b64_json"]
    assert answer.text.replace(b64, "…") == (
        '{\n  "created": 1795824000,\n  "background": "opaque",\n  "data": [\n    {\n'
        '      "b64_json": "…"\n    }\n  ],\n  "output_format": "png",\n  "quality": "low",\n'
        '  "size": "1024x1024",\n  "usage": {\n    "input_tokens": 10,\n'
        '    "input_tokens_details": {\n      "image_tokens": 0,\n      "text_tokens": 10\n    },\n'
        '    "output_tokens": 196,\n    "output_tokens_details": {\n      "image_tokens": 196,\n'
        '      "text_tokens": 0\n    },\n    "total_tokens": 206\n  }\n}'
    )


@pytest.mark.parametrize(
    ("day", "fields", "usage"),
    [
        ("2025-05-10", ["created", "data", "usage"], [*USAGE[:3], USAGE[4]]),
        ("2025-10-22", ALL_FIELDS, [*USAGE[:3], USAGE[4]]),
        ("2026-06-10", ALL_FIELDS, USAGE),
    ],
)
def test_answers_came_to_tell_more(api: Api, day: str, fields: list[str], usage: list[str]) -> None:
    told = generate(api(as_of=day), model="gpt-image-1").json()
    assert list(told) == fields
    assert list(told["usage"]) == usage


def test_a_safety_identifier_is_told_where_one_is_sent(client: TestClient) -> None:
    told = generate(client, model="gpt-image-2.5-flare", safety_identifier="me").json()
    assert list(told) == [*ALL_FIELDS[:5], "safety_identifier", *ALL_FIELDS[5:]]
    assert told["safety_identifier"] == "me"


#: What was recorded, and what the vendor's own tables say: model, day, size, quality → tokens.
COUNTED = [
    *(
        ("gpt-image-1", "2025-05-10", size, quality, tokens)
        for quality, row in (
            ("low", (272, 408, 400)),
            ("medium", (1056, 1584, 1568)),
            ("high", (4160, 6240, 6208)),
        )
        for size, tokens in zip(("1024x1024", "1024x1536", "1536x1024"), row, strict=True)
    ),
    *(
        ("gpt-image-2", "2026-08-29", size, quality, tokens)
        for size, row in {
            "1024x1024": (196, 1756, 7024),
            "1024x1536": (158, 1372, 5488),
            "2048x2048": (397, 3568, 14272),
            "3840x2160": (371, 3336, 13342),
        }.items()
        for quality, tokens in zip(("low", "medium", "high"), row, strict=True)
    ),
    *(
        ("gpt-image-2", "2026-08-29", size, "low", tokens)
        for size, tokens in (("896x896", 180), ("960x960", 187), ("768x1024", 134), ("1536x864", 120))
    ),
    *(
        ("gpt-image-2.5-flare", TODAY, size, quality, tokens)
        for size, row in {
            "1024x1024": (196, 439, 1756, 3122, 7024),
            "1024x1536": (158, 343, 1372, 2459, 5488),
            "3840x2160": (371, 865, 3336, 5930, 13342),
        }.items()
        for quality, tokens in zip(("low", "medium", "high", "xhigh", "max"), row, strict=True)
    ),
]  # fmt: skip


@pytest.mark.parametrize(("model", "day", "size", "quality", "tokens"), COUNTED)
def test_a_picture_has_as_many_tokens_as_were_counted(
    api: Api, model: str, day: str, size: str, quality: str, tokens: int
) -> None:
    told = generate(api(as_of=day), model=model, size=size, quality=quality).json()
    assert told["usage"]["output_tokens"] == tokens


@pytest.mark.parametrize(
    ("model", "quality", "usd"),
    [
        ("gpt-image-1", "low", (0.011, 0.016, 0.016)),
        ("gpt-image-1", "medium", (0.042, 0.063, 0.063)),
        ("gpt-image-1", "high", (0.167, 0.25, 0.25)),
        ("gpt-image-1-mini", "low", (0.005, 0.006, 0.006)),
        ("gpt-image-1-mini", "high", (0.036, 0.052, 0.052)),
        ("gpt-image-1.5", "medium", (0.034, 0.05, 0.05)),
        ("gpt-image-1.5", "high", (0.133, 0.2, 0.2)),
        ("gpt-image-2", "low", (0.006, 0.005, 0.005)),
        ("gpt-image-2", "medium", (0.053, 0.041, 0.041)),
        ("gpt-image-2", "high", (0.211, 0.165, 0.165)),
    ],
)
def test_a_picture_costs_what_its_page_says(
    api: Api, model: str, quality: str, usd: tuple[float, ...]
) -> None:
    client = api(as_of="2026-06-10")
    for size, price in zip(("1024x1024", "1024x1536", "1536x1024"), usd, strict=True):
        assert generate(client, model=model, size=size, quality=quality).status_code == 200
        here = {"Mock-Sandbox-Key": "sk-mock-me"}
        billed = client.get("/_mock/ledger", headers=here).json()["requests"][-1]["usd"]
        assert billed == pytest.approx(price, abs=0.0036)  # text is not in the page's prices


def test_input_and_output_count_once_for_each_picture(client: TestClient) -> None:
    one = generate(client, model="gpt-image-1.5", quality="low", size="1024x1024").json()["usage"]
    both = generate(client, model="gpt-image-1.5", quality="low", size="1024x1024", n=2).json()
    for kind in ("input_tokens", "output_tokens", "total_tokens"):
        assert both["usage"][kind] == 2 * one[kind]
    assert one["output_tokens_details"] == {"image_tokens": 272, "text_tokens": 143}


def test_partial_pictures_of_a_stream_cost_a_hundred_tokens_each(client: TestClient) -> None:
    streamed: dict[str, Any] = {"stream": True, "partial_images": 3}
    answer = generate(client, model="gpt-image-2", size="1024x1024", **streamed)
    *_, last = answer.text.split("data: ")
    assert json.loads(last)["usage"]["output_tokens"] == 196 + 300


@pytest.mark.parametrize(
    ("model", "size", "quality"),
    [("gpt-image-1.5", "1024x1536", "high"), ("gpt-image-2", "1254x1254", "low")],
)
def test_auto_is_left_to_the_model_and_told_as_what_it_chose(
    client: TestClient, model: str, size: str, quality: str
) -> None:
    bodies: list[dict[str, Any]] = [{}, {"size": None}]
    bodies += [dict.fromkeys(("size", "quality", "background"), "auto")]
    for body in bodies:
        answer = generate(client, model=model, **body)
        told = answer.json()
        assert (told["size"], told["quality"], told["background"]) == (size, quality, "opaque")
        assert "x".join(map(str, pictures(answer)[0].size)) == size


@pytest.mark.parametrize("model", FREE)
@pytest.mark.parametrize("size", ["816x816", "1536x864", "3840x2160", "2160x3840", "3072x1024"])
def test_any_size_within_the_bounds_is_drawn(client: TestClient, model: str, size: str) -> None:
    answer = generate(client, model=model, size=size, quality="low")
    assert "x".join(map(str, pictures(answer)[0].size)) == answer.json()["size"] == size


@pytest.mark.parametrize(
    "size", ["3088x1024", "1024x3088", "01024x1024", "1024X1024", " 1024x1024"]
)
def test_any_other_size_is_refused(client: TestClient, size: str) -> None:
    told = error(generate(client, model="gpt-image-2", size=size))
    assert told["message"].startswith(f"Invalid size '{size}'. ")
    assert (told["type"], told["param"]) == ("image_generation_user_error", "size")


@pytest.mark.parametrize("model", TRANSPARENT)
@pytest.mark.parametrize("form", ["png", "webp"])
def test_a_transparent_background_is_taken(client: TestClient, model: str, form: str) -> None:
    body = {"background": "transparent", "output_format": form}
    told = generate(client, model=model, **body).json()
    assert (told["background"], told["output_format"]) == ("transparent", form)


@pytest.mark.parametrize(
    ("day", "status"), [("2026-09-07", 400), ("2026-09-30", 200), ("2026-10-01", 400)]
)
def test_gpt_image_2_took_a_transparent_background_while_there_was_a_preview(
    api: Api, day: str, status: int
) -> None:
    answer = generate(api(as_of=day), model="gpt-image-2", background="transparent")
    assert answer.status_code == status


#: Two faults in one body, and the one that is told, as measured 2026-08-30.
BOTH_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": "gpt-image-1", "style": 1}, "model"),
    ({"style": 1, "prompt": ""}, "style"),
    ({"prompt": "", "n": 0}, "prompt"),
    ({"n": 0, "quality": "hd"}, "n"),
    ({"quality": "hd", "output_compression": 101}, "quality"),
    ({"output_compression": 101, "size": "9x9"}, "output_compression"),
    ({"size": "9x9", "moderation": "high"}, "moderation"),
    ({"size": "9x9", "background": "transparent"}, "size"),
]


@pytest.mark.parametrize(("body", "param"), BOTH_WRONG, ids=str)
def test_of_two_faults_the_one_is_told_that_is_looked_at_first(
    client: TestClient, body: dict[str, Any], param: str
) -> None:
    assert error(generate(client, **{"model": "gpt-image-2"} | body))["param"] == param


@pytest.mark.parametrize(
    "name",
    ["n", "size", "quality", "stream", "output_compression", "partial_images", "user"]
    + ["background", "moderation", "output_format", "safety_identifier"],
)
def test_null_is_as_good_as_not_there(client: TestClient, name: str) -> None:
    bare = generate(client, model="gpt-image-2").json()
    body: dict[str, Any] = {name: None}
    assert generate(client, model="gpt-image-2", **body).json() == bare


def test_what_nobody_has_seen_refused_is_taken(client: TestClient) -> None:
    known: list[dict[str, Any]] = [
        {"output_format": "gif", "frame_count": 4, "frame_duration_ms": 100},
        {"output_format": "svg", "svg": {"model": "gpt-6", "reasoning": {"effort": "low"}}},
        {"complexity": "high", "quality": "xhigh"},
        {"moderation": "low", "prompt": " ", "user": 123},
    ]
    for body in known:
        assert generate(client, model="gpt-image-2.6-flare", **body).status_code == 200, body


#: What libraries send without being asked to, and what is said of it; "" is a picture.
SENT: list[tuple[str, dict[str, Any], str]] = [
    ("haystack", {"quality": "auto", "n": 1, "size": "1024x1024"}, ""),
    ("llm", {"moderation": "low", "n": 1, "quality": "medium", "size": "1024x1024"}, ""),
    ("LangChain", {"style": "vivid", "quality": "standard"}, "Unknown parameter: 'style'."),
    ("crewai", {"quality": "standard", "size": "1024x1024"}, "Invalid value: 'standard'. "),
    ("promptfoo", {"response_format": "url"}, "Unknown parameter: 'response_format'."),
    ("a typo", {"output_format": "web"}, "Invalid value: 'web'. "),
]


@pytest.mark.parametrize("model", ["gpt-image-1.5", "gpt-image-2", "gpt-image-2.5-sunburst"])
@pytest.mark.parametrize(("library", "body", "said"), SENT, ids=[row[0] for row in SENT])
def test_what_libraries_send_is_taken_or_refused_as_the_model_does(
    client: TestClient, model: str, library: str, body: dict[str, Any], said: str
) -> None:
    answer = generate(client, model=model, **body)
    if said:
        assert error(answer)["message"].startswith(said), library
    else:
        assert len(pictures(answer)) == 1, library


def test_a_parameter_that_only_another_model_has_means_that_model(api: Api) -> None:
    for day, is_meant in (("2025-06-01", True), ("2026-06-01", False)):
        answer = generate(api(as_of=day), background="opaque")
        assert answer.status_code == (200 if is_meant else 400)
        assert ("usage" in answer.json()) is is_meant
    assert "url" in generate(api(as_of="2025-06-01")).json()["data"][0]


def test_each_option_that_shows_makes_another_picture(client: TestClient) -> None:
    def drawn(**body: Any) -> str:
        asked = {"model": "gpt-image-2.5-flare", "size": "1024x1024"} | body
        found: str = generate(client, **asked).json()["data"][0]["b64_json"]
        return found

    shown = [{}, {"quality": "high"}, {"background": "transparent"}, {"size": "1024x1536"}]
    assert len({drawn(**body) for body in shown}) == len(shown)
    for body in (
        {"moderation": "low"},
        {"user": "x"},
        {"safety_identifier": "x"},
        {"quality": "low"},
    ):
        assert drawn(**body) == drawn(), body


def test_all_models_of_the_family_share_a_minute(api: Api) -> None:
    client = api(as_of="2026-06-10", tier="1")
    asked = ["gpt-image-1", "gpt-image-1.5", "gpt-image-1-mini", "gpt-image-2", "gpt-image-1"]
    assert [generate(client, model=m).status_code for m in asked] == [200] * 5
    assert "(for limit gpt-image)" in error(generate(client, model="gpt-image-2"))["message"]
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    limits = client.get("/_mock/limits", headers=here).json()["limits"]
    assert {"model": "gpt-image", "per_minute": 5, "used": 5} in limits
    assert generate(client, key="sk-mock-free", model="gpt-image-2").status_code == 429


def test_rules_know_the_fields(client: TestClient) -> None:
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    for when in ({"size": "1536x864"}, {"background": "transparent"}, {"quality": "xhigh"}):
        rule = {"when": when, "then": {"quota": True}}
        assert client.post("/_mock/rules", headers=here, json=rule).status_code == 201
    assert generate(client, model="gpt-image-2").status_code == 200
    assert generate(client, model="gpt-image-2", size="1536x864").status_code == 429
    odd = {"when": {"size": "16 by 9"}, "then": {"quota": True}}
    assert client.post("/_mock/rules", headers=here, json=odd).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"output_format": "jpeg", "output_compression": 50.0},
        {"output_format": "webp", "output_compression": 50.0},
        {"output_format": "gif", "frame_count": 3.0, "frame_duration_ms": 70.0},
        {"stream": True, "partial_images": 2.0},
    ],
    ids=str,
)
def test_a_whole_number_with_a_point_is_the_same_number(
    client: TestClient, body: dict[str, Any]
) -> None:
    whole = {k: int(v) if isinstance(v, float) else v for k, v in body.items()}
    asked = [generate(client, model="gpt-image-2.6-flare", **each) for each in (body, whole)]
    assert [answer.status_code for answer in asked] == [200, 200]
    assert asked[0].content == asked[1].content


# -- the vendor's library ----------------------------------------------------------------------


def test_the_vendors_library_gets_its_pictures(server: ImagesMock) -> None:
    with openai.OpenAI(base_url=server.url, api_key="sk-mock-gpt") as client:
        answer = client.images.generate(
            model="gpt-image-2", prompt="a fox", size="1536x864", quality="low", moderation="low"
        )
        assert answer.data
        assert answer.data[0].b64_json
        assert answer.usage
        assert Image.open(io.BytesIO(b64decode(answer.data[0].b64_json))).size == (1536, 864)
        assert (answer.background, answer.output_format, answer.size) == (
            "opaque",
            "png",
            "1536x864",
        )
        assert answer.usage.output_tokens_details
        assert answer.usage.output_tokens_details.image_tokens == 120
        with pytest.raises(openai.BadRequestError, match="Unknown parameter: 'response_format'"):
            client.images.generate(model="gpt-image-2", prompt="a fox", response_format="url")
        assert json.loads(client.models.retrieve("gpt-image-2").to_json())["object"] == "model"
