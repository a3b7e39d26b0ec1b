"""What the pages of reference say is so: their examples run, and their tables are complete."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import httpx2
import openai
import pytest
from PIL import Image

from contracts.run import BROKEN, HELD
from contracts.run import UNKNOWN as UNLEARNED
from mockserver.cli import cli
from mockserver.cli_group import CONFIGURATION, FOUND, INTERNAL, NOT_READY, UNKNOWN, USAGE
from mockserver.config import config_of, resolve
from mockserver.facts import load
from mockserver.settings import SETTINGS
from mockserver.testing import ImagesMock

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
if not DOCS.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def block(name: str, language: str, part: str) -> str:
    """The first block of a page that has a part in it."""
    blocks: list[str] = re.findall(
        rf"^```{language}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL
    )
    return next(b for b in blocks if part in b)


@pytest.mark.usefixtures("closing")
@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # by the SDK: variations ended
def test_the_example_of_edits_and_variations_runs_as_it_stands(server: ImagesMock) -> None:
    known: dict[str, object] = {}
    exec(
        block("pictures", "python", "images.edit").replace("http://127.0.0.1:6780", server.address),
        known,
    )
    for name, count in (("edit", 1), ("kin", 3)):
        answer = known[name]
        assert isinstance(answer, openai.types.ImagesResponse)
        assert answer.data
        assert len(answer.data) == count


@pytest.mark.usefixtures("closing")
def test_the_example_of_gpt_image_models_says_what_it_is_told_to_say(
    server: ImagesMock, capsys: pytest.CaptureFixture[str]
) -> None:
    known: dict[str, object] = {}
    exec(
        block("gpt-image", "python", "gpt-image-2").replace(
            "http://127.0.0.1:6780", server.address
        ),
        known,
    )
    webp = known["webp"]
    assert isinstance(webp, bytes)
    with Image.open(BytesIO(webp)) as picture:
        assert (picture.format, picture.size) == ("WEBP", (1536, 864))
    partial, whole = "image_generation.partial_image", "image_generation.completed"
    assert capsys.readouterr().out.split() == ["120", partial, partial, whole]


@pytest.mark.usefixtures("closing")
def test_the_example_of_what_is_beside_images_draws_one_picture_in_two_ways(
    server: ImagesMock,
) -> None:
    known: dict[str, object] = {}
    exec(
        block("beside-images", "python", "AzureOpenAI").replace(
            "http://127.0.0.1:6780", server.address
        ),
        known,
    )
    answer = known["r"]
    assert isinstance(answer, openai.types.ImagesResponse)
    assert answer.data
    assert answer.data[0].b64_json == known["png"]


def test_the_picture_of_an_edit_is_current(tmp_path: Path) -> None:
    made = tmp_path / "edit.png"
    subprocess.run([sys.executable, ROOT / "docs" / "edit.py", made], check=True, cwd=ROOT)
    with Image.open(made) as now, Image.open(ROOT / "docs" / "edit.png") as told:
        assert (now.size, now.tobytes()) == (told.size, told.tobytes())


@pytest.mark.usefixtures("closing")
def test_the_walk_through_the_years_says_what_it_is_told_to_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(block("dates", "python", "as_of=day"), {})
    assert capsys.readouterr().out == block("dates", "text", "2022-11-10")


def test_the_warning_of_a_retired_model_is_the_one_that_is_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with (
        ImagesMock(log_format="text") as mock,
        openai.OpenAI(base_url=mock.url, api_key="sk-mock-me") as client,
    ):
        for _ in range(2):
            client.images.generate(prompt="x")
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("WARNING")]
    assert lines == block("dates", "text", "WARNING").splitlines()


def test_every_magic_word_is_in_the_table_with_its_effect() -> None:
    told = dict(re.findall(r"^\| `mock:([\w-]+)(?:=5s)?` \| (.*) \|$", page("rules"), re.MULTILINE))
    assert told == {w.name: w.help.split(", as `mock:")[0] for w in load().magic_words.values()}


def test_the_rules_of_the_examples_do_what_they_say(tmp_path: Path, server: ImagesMock) -> None:
    (tmp_path / "images-mock.toml").write_text(block("rules", "toml", "[[rules]]"))
    config = config_of(resolve(flags={}, environment={}, directory=tmp_path))
    assert [rule.name for rule in config.rules] == ["the second fox is limited"]
    posted = re.search(r"-d '(\{.*\})'", block("rules", "sh", "/_mock/rules"))
    assert posted
    sandbox = server.sandbox("sk-mock-readme")
    sandbox.begin()
    headers = {"Mock-Sandbox-Key": sandbox.api_key, "Content-Type": "application/json"}
    url = f"{server.address}/_mock/rules"
    assert httpx2.post(url, content=posted[1], headers=headers).status_code == 201
    with (
        openai.OpenAI(base_url=server.url, api_key=sandbox.api_key, max_retries=0) as client,
        pytest.raises(openai.InternalServerError),
    ):
        client.images.generate(prompt="x", size="256x256")


def test_the_example_of_a_server_in_a_thread_runs_as_it_stands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(block("plugin", "python", "ImagesMock(tier"), {})
    assert capsys.readouterr().out.endswith("/v1\n")


def test_every_magic_key_is_in_the_table() -> None:
    facts = load()
    rows = page("keys").replace(
        "`sk-mock-tier1` … `sk-mock-tier5`", "".join(map("`sk-mock-tier{}`".format, range(6)))
    )
    assert [k for k in facts.magic_keys if f"`{facts.magic_prefix}{k}`" not in rows] == []
    assert facts.mismatched_organization in page("keys")


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told: dict[str, str] = {}
    for flags, defaults in re.findall(r"^\| (`--.*?) \|(.*?)\|", page("settings"), re.MULTILINE):
        names = re.findall(r"--([a-z-]+)", flags)
        told |= dict(zip(names, [d.strip() for d in defaults.split(",")], strict=True))
    assert told == {s.name: s.default or "" for s in SETTINGS}


def test_the_exit_codes_are_told() -> None:
    of_commands = {UNKNOWN, USAGE, CONFIGURATION, NOT_READY, FOUND, INTERNAL}
    codes = sorted({HELD, BROKEN, UNLEARNED} | of_commands)
    told = re.findall(r"^\| (\d+) \| ", page("settings"), re.MULTILINE)
    assert list(map(int, told)) == codes
    helped = re.findall(r"\b(\d+) [a-z]", str(cli.help).split("Exit codes:")[1])
    assert list(map(int, helped)) == codes


def test_the_limits_in_the_table_are_the_facts() -> None:
    limits = load().limits
    for table in ("model-page", "measured-2024"):
        row = [limit.per_minute for (limit,) in limits[table]["dall-e-2"].values()]
        assert ", ".join(map(str, row if row[0] else row[1:])) in page("limits")
