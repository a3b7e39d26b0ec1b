"""A model that nobody has, by facts alone: a directory of TOML files, and no line of code."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from httpx2 import Response
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from contracts.document.build import build
from contracts.document.formats import CHECKER
from mockserver.cli import cli
from mockserver.clock import ManualClock
from mockserver.config import ConfigError, configured
from mockserver.facts import load, read_from
from mockserver.pictures.pure.drawing import identify
from tests.conftest import Api, error, generate

SOURCE = 'source = "made up for a test"\nlevel = "assumed"\n'
MODEL = f"""
[[model]]
id = "imaginary-1"
since = 2026-11-01
created = 1764000000
owned_by = "tests"
listed = true
default_day = "today"
{SOURCE}
[model.generate]
milliseconds = [1000, 2000]
{SOURCE}
[[model.generate.tokens]]
options = {{ size = "64x64" }}
image_output = 100
text_input = 10
{SOURCE}
[[model.generate.tokens]]
options = {{ size = "128x64" }}
image_output = 200
{SOURCE}
[model.generate.parameter.prompt]
length_max = 50
{SOURCE}
[model.generate.parameter.n]
maximum = 4
{SOURCE}
[model.generate.parameter.size]
values = ["64x64", "128x64"]
default = "64x64"
{SOURCE}
[model.generate.parameter.quality]
values = ["draft", "fine"]
default = "draft"
{SOURCE}
[model.generate.parameter.style]
unknown = true
{SOURCE}
[model.generate.parameter.tags]
type = "list"
items = "string"
{SOURCE}
[model.generate.parameter.framed]
type = "boolean"
default = false
{SOURCE}
[model.generate.parameter.tint]
type = "string"
pattern = "#[0-9a-f]{{6}}"
{SOURCE}
"""
REFUSED = f"""
[model.generate.refused.both]
reason = "{{reason}}"
where = {{{{ framed = true, quality = "fine" }}}}
{SOURCE}
"""
LIMITS = f"""
[[table]]
id = "model-page"
model = "imaginary-1"
images_per_minute = [0, 6, 6, 6, 6, 6]
tokens_per_minute = [0, 1000, 1000, 1000, 1000, 1000]
{SOURCE}
[[table]]
id = "measured-2024"
model = "imaginary-1"
images_per_minute = [0, 3, 3, 3, 3, 3]
{SOURCE}
"""
PRICES = f"""
[[price]]
list = "model-page"
model = "imaginary-1"
usd = {{ "64x64" = 0.25, "128x64" = 0.25 }}
usd_fine = {{ "64x64" = 0.5, "128x64" = 0.5 }}
{SOURCE}
[[price]]
list = "billing"
model = "imaginary-1"
million = {{ text_input = 5, image_input = 10, image_output = 40 }}
{SOURCE}
"""
FILES = {"models": MODEL, "limits": LIMITS, "prices": PRICES}
TODAY = 1_796_000_000  # 2026-11-30
ASKED: dict[str, Any] = {
    "model": "imaginary-1",
    "tags": ["a", "b"],
    "framed": True,
    "tint": "#00ff00",
}


def written(path: Path, **files: str) -> Path:
    for name, text in (FILES | files).items():
        (path / f"{name}.toml").write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield written(tmp_path_factory.mktemp("facts"))
    read_from(None)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TODAY)


@pytest.fixture
def client(api: Api, directory: Path) -> TestClient:
    return api(facts=str(directory))


def ask(client: TestClient, **body: Any) -> Response:
    return generate(client, **(ASKED | body))


def test_it_is_asked_beside_dall_e_without_a_day(client: TestClient) -> None:
    answer = ask(client, n=2, quality="fine")
    assert answer.status_code == 200
    assert "openai-project" in answer.headers  # as today, where DALL·E is as on 2025-03-31
    assert generate(client).headers.keys().isdisjoint({"openai-project"})
    listed = [m["id"] for m in client.get("/v1/models").json()["data"]]
    assert [*listed[:2], listed[-1]] == ["dall-e-2", "dall-e-3", "imaginary-1"]
    url = answer.json()["data"][1]["url"]
    told = identify(client.get(url).content)
    assert told
    assert (told["model"], told["size"], told["image"]) == ("imaginary-1", "64x64", "2/2")
    assert (told["quality"], told["framed"], told["tint"]) == ("fine", True, "#00ff00")


def test_each_option_makes_another_picture(api: Api, directory: Path) -> None:
    client = api(facts=str(directory), tier="off")

    def picture(**body: Any) -> str:
        found: str = ask(client, response_format="b64_json", **body).json()["data"][0]["b64_json"]
        return found

    others: list[dict[str, Any]] = [
        {"framed": False},
        {"tint": "#00ff01"},
        {"tags": ["a"]},
        {"quality": "fine"},
        {},
    ]
    assert len({picture(**body) for body in others}) == len(others)
    assert picture(user="me") == picture()


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"style": "vivid"}, "Unknown parameter: 'style'.", "unknown_parameter"),
        (
            {"tags": "a"},
            "Invalid type for 'tags': expected an array, but got a string instead.",
            "invalid_type",
        ),
        (
            {"tags": ["a", 1]},
            "Invalid type for 'tags[1]': expected a string, but got an integer instead.",
            "invalid_type",
        ),
        (
            {"framed": "yes"},
            "Invalid type for 'framed': expected a boolean, but got a string instead.",
            "invalid_type",
        ),
        (
            {"tint": "red"},
            "Invalid 'tint': string does not match pattern. Expected a string that matches the "
            "pattern '#[0-9a-f]{6}'.",
            "invalid_value",
        ),
        (
            {"n": 5},
            "Invalid 'n': integer above maximum value. Expected a value <= 4, but got 5 instead.",
            "integer_above_max_value",
        ),
        (
            {"quality": "hd"},
            "Invalid value: 'hd'. Supported values are: 'draft' and 'fine'.",
            "invalid_value",
        ),
        (
            {"prompt": "x" * 51},
            "Invalid 'prompt': string too long. Expected a string with maximum length 50, but got "
            "a string with length 51 instead.",
            "string_above_max_length",
        ),
    ],
)
def test_what_it_does_not_take_is_refused_in_todays_words(
    client: TestClient, body: dict[str, Any], message: str, code: str
) -> None:
    told = error(ask(client, **body))
    assert (told["message"], told["code"]) == (message, code)


def test_a_model_can_be_like_another_and_have_its_own_beside(api: Api, tmp_path: Path) -> None:
    row = f'[[model]]\nid = "mine"\nlike = "gpt-image-2"\nsince = 2026-11-01\ncreated = 1\n{SOURCE}'
    own = f'[model.generate.parameter.quality]\nvalues = ["low", "auto"]\n{SOURCE}'
    rows = {name: text.replace("imaginary-1", "mine") for name, text in FILES.items()}
    prices = '[[price]]\nlists = ["model-page", "billing"]\nmodels = ["mine"]\nmillion = '
    prices += f"{{ text_input = 1, image_input = 1, image_output = 1 }}\n{SOURCE}"
    files = {"models": row + own, "limits": rows["limits"], "prices": prices}
    client = api(facts=str(written(tmp_path, **files)))
    answer = generate(client, model="mine", size="1536x864")
    assert (answer.json()["quality"], answer.json()["size"]) == ("low", "1536x864")
    assert error(generate(client, model="mine", quality="high"))["param"] == "quality"
    assert error(generate(client, model="mine", size="9x9"))["param"] == "size"
    read_from(None)


def test_an_operation_can_be_like_another_of_its_model(tmp_path: Path) -> None:
    upload = f'[model.edit.upload]\nbytes_max = 9\nside_max = 9\nimage_modes = ["RGB"]\n{SOURCE}'
    edit = f'[model.edit]\nlike = "generate"\nmilliseconds = [1, 2]\n{SOURCE}{upload}'
    edit += f'[model.edit.parameter.quality]\ntype = "string"\n{SOURCE}'  # which edits don't share
    read_from(written(tmp_path, models=MODEL + edit))
    offers = load(date(2026, 11, 28)).models["imaginary-1"].offers
    made, edited = offers["images.generate"], offers["images.edit"]
    assert (edited.milliseconds, edited.tokens) == ((1, 2), made.tokens)
    assert edited.parameter["tint"] == made.parameter["tint"]
    read_from(None)


def test_it_has_limits_and_a_price_of_its_own(client: TestClient) -> None:
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    assert [ask(client, n=4).status_code, ask(client, n=4).status_code] == [200, 429]
    assert generate(client, n=10).status_code == 200
    told = client.get("/_mock/limits", headers=here).json()["limits"]
    assert {"model": "imaginary-1", "per_minute": 6, "used": 4} in told
    bills = client.get("/_mock/ledger", headers=here).json()["requests"]
    assert [(b["model"], b["usd"]) for b in bills] == [("imaginary-1", 1.0), ("dall-e-2", 0.16)]


def test_it_can_be_priced_and_limited_by_tokens(api: Api, directory: Path) -> None:
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    client = api(facts=str(directory), prices="billing")
    client.put("/_mock/limits", headers=here, json={"per_minute": 100})
    assert [ask(client, n=4).status_code for _ in range(3)] == [200, 200, 429]  # 440 tokens each
    spent = client.get("/_mock/ledger", headers=here).json()["spent_usd"]
    assert spent == pytest.approx(2 * 4 * (100 * 40 + 10 * 5) / 1e6)
    told = client.get("/_mock/limits", headers=here).json()["limits"]
    assert {
        "model": "imaginary-1", "unit": "tokens", "per_minute": 1000, "used": 880
    } in told  # fmt: skip


def test_rules_and_assertions_know_its_fields(client: TestClient) -> None:
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    rule = {"when": {"framed": True, "tint": {"regex": "^#00"}}, "then": {"quota": True}}
    assert client.post("/_mock/rules", headers=here, json=rule).status_code == 201
    assert ask(client, framed=False).status_code == 200
    assert ask(client).status_code == 429
    counted = client.post("/_mock/requests/count", headers=here, json={"when": {"framed": True}})
    assert counted.json() == {"count": 1}
    fields = client.get("/_mock/requests", headers=here).json()["requests"][-1]["fields"]
    assert (fields["quality"], fields["tags"], fields["tint"]) == ("draft", ["a", "b"], "#00ff00")


def test_the_contract_and_explain_know_it(directory: Path) -> None:
    explained = CliRunner().invoke(cli, ["explain", "tint", "--facts", str(directory)])
    assert "tint: string, as #[0-9a-f]{6}" in explained.stdout
    read_from(directory)
    document = build("api", date(2026, 11, 30))
    reference = {"$ref": "#/components/schemas/images.generate"}
    schema = Draft202012Validator(
        reference | {"components": document["components"]}, format_checker=CHECKER
    )
    assert schema.is_valid(ASKED | {"prompt": "x"})
    for wrong in ({"style": "x"}, {"tint": "red"}, {"framed": 1}, {"tags": [1]}, {"n": 5}):
        assert not schema.is_valid(ASKED | {"prompt": "x"} | wrong), wrong


def test_nothing_is_left_of_it_for_the_next_server(api: Api, directory: Path) -> None:
    assert ask(api(facts=str(directory))).status_code == 200
    assert generate(api(), model="imaginary-1").status_code == 400


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"models": MODEL.replace('"boolean"', '"bool"')}, ["framed", "'bool'", "boolean"]),
        ({"models": MODEL.replace("length_max", "lenght_max")}, ["lenght_max", "length_max"]),
        ({"models": MODEL.replace('type = "list"\n', "")}, ["tags", "type"]),
        ({"models": "[[model"}, ["models.toml", "TOML"]),
        ({"models": MODEL.replace("owned_by", "owned-by")}, ["imaginary-1", "owned-by"]),
        ({"models": MODEL.replace('owned_by = "tests"\n', "")}, ["imaginary-1", "owned_by"]),
        ({"models": MODEL.replace('id = "imaginary-1"\n', "")}, ["models.toml", "'id'"]),
        ({"models": MODEL.replace('"today"', '"todya"')}, ["imaginary-1", "default_day"]),
        ({"models": MODEL.replace("2026-11-01", '"soon"')}, ["can't be used"]),
        ({"models": "model = 5"}, ["can't be used"]),
        ({"models": MODEL.replace("[[model]]", '[[model]]\nlike = "x"')}, ["imaginary-1", "'x'"]),
        ({"models": f'{MODEL}[model.edit]\nlike = "vary"'}, ["imaginary-1, edit", "'vary'"]),
        ({"models": MODEL + REFUSED.format(reason="size_form")}, ["refused", "'where'", "when"]),
        ({"models": MODEL + REFUSED.format(reason="odd").replace("where", "when")}, ["'odd'"]),
        ({"models": MODEL.replace("64x64", "8x64")}, ["imaginary-1", "'8x64'", "least 64"]),
        ({"timeline": "default_day = 5"}, ["can't be used"]),
        ({"models": MODEL.replace('level = "assumed"\n', "", 1)}, ["imaginary-1", "level"]),
        ({"limits": LIMITS.replace("model =", "modle =")}, ["limits.toml", "'model'"]),
        ({"prices": PRICES.replace("list =", "lits =")}, ["prices.toml", "'list'"]),
        ({"prices": PRICES.replace("usd = {", "usd = 5 # {")}, ["can't be used"]),
        ({"limits": ""}, ["limits.toml", "imaginary-1"]),
        ({"prices": ""}, ["prices.toml", "imaginary-1"]),
        ({"prices": PRICES.replace('"128x64" = 0.25', '"1x1" = 1')}, ["imaginary-1", "128x64"]),
        ({"models": MODEL.replace('size = "128x64" }', 'size = "1x1" }')}, ["tokens", "128x64"]),
    ],
)
def test_what_is_wrong_with_it_is_named_at_the_start(
    tmp_path: Path, files: dict[str, str], named: list[str]
) -> None:
    before = json.dumps(sorted(load().models))
    with pytest.raises(ConfigError) as refused:
        configured(facts=str(written(tmp_path, **files)))
    assert all(word in str(refused.value) for word in ["facts", *named]), refused.value
    assert json.dumps(sorted(load().models)) == before


def test_files_that_changed_are_read_anew(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, least in (("one", "draft"), ("two", "sketch")):
        (tmp_path / name).mkdir()
        written(tmp_path / name, models=MODEL.replace("draft", least))
    monkeypatch.chdir(tmp_path / "one")
    assert ask(api(facts="."), quality="draft").status_code == 200
    monkeypatch.chdir(tmp_path / "two")  # the same path, and other files
    assert ask(api(facts="."), quality="draft").status_code == 400
    written(tmp_path / "two")
    assert ask(api(facts="."), quality="draft").status_code == 200
    read_from(None)


@pytest.mark.parametrize(
    ("models", "told"), [(None, "must be a directory"), ("[[model]]", "lacks 'id'")]
)
def test_explain_names_what_is_wrong_with_facts(
    tmp_path: Path, models: str | None, told: str
) -> None:
    path = tmp_path / "facts"
    if models:
        path.mkdir()
        written(path, models=models)
    ended = CliRunner().invoke(cli, ["explain", "size", "--facts", str(path)])
    assert ended.exit_code == 2
    assert told in ended.stderr


def test_a_limit_of_which_nobody_says_how_sure_it_is_is_assumed(tmp_path: Path) -> None:
    bare = written(tmp_path, limits=LIMITS.replace('level = "assumed"', ""))
    ended = CliRunner().invoke(cli, ["explain", "imaginary-1", "--facts", str(bare)])
    read_from(None)
    assert ended.exit_code == 0, ended.output
    assert "images_per_minute" in ended.stdout


def test_a_directory_that_is_not_there_is_no_facts() -> None:
    with pytest.raises(ConfigError, match="must be a directory"):
        configured(facts="/no/such/directory")


def test_the_how_to_is_right(tmp_path: Path, api: Api) -> None:
    page = (Path(__file__).parents[1] / "docs" / "how-to.md").read_text("utf-8")
    shown = page.partition("## A model of your own")[2].partition("\n## ")[0]
    models, limits, prices = re.findall(r"```toml\n(.*?)```", shown, re.DOTALL)
    client = api(facts=str(written(tmp_path, models=models, limits=limits, prices=prices)))
    answer = generate(client, model="house-style-1", framed=True)
    assert answer.status_code == 200, answer.text
    read_from(None)
