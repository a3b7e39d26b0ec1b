"""`images-mock doctor`: what of an installed `openai` package the mock knows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
import pytest
from click.testing import CliRunner

from mockserver.cli import cli
from mockserver.cli_group import UNKNOWN, USAGE
from mockserver.evidence.doctor import LeftOut, State, examined
from mockserver.evidence.sdk import Thing, package_in
from mockserver.facts import read_from
from mockserver.facts.files import file
from tests.test_facts_directory import written

#: Something that each version has.
OLD = {
    "1.0.0": Thing("images.generate", "size", "512x512"),
    "1.14.0": Thing("images.generate", "style", "vivid"),
    "1.60.0": Thing("images.edit", "model", "dall-e-2"),
    "1.78.0": Thing("images.generate", "output_format", "webp"),
    "2.0.0": Thing("image_generation.completed", "usage.input_tokens_details.text_tokens"),
    "2.20.0": Thing("answer", "usage.output_tokens_details.image_tokens"),
    "3.0.0": Thing("images.edit", "input_fidelity", "high"),
}
METHODS = "from __future__ import annotations\nclass Images:\n    def generate(self, *, {0}): ...\n"


def doctor(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["doctor", *args])
    return done.exit_code, done.output


def package_of(directory: Path, parameters: str = "prompt: str") -> Path:
    """A package with one method."""
    methods = directory / "openai" / "resources" / "images.py"
    methods.parent.mkdir(parents=True)
    methods.write_text(METHODS.format(parameters), "utf-8")
    (directory / "openai" / "_version.py").write_text('__version__ = "9.0.0"  # x', "utf-8")
    return directory


def test_nothing_of_the_installed_package_is_unknown() -> None:
    code, output = doctor()
    assert f"openai {openai.__version__} in " in output
    assert (code, output.splitlines()[-1]) == (0, "Nothing is unknown."), output


@pytest.mark.clients
@pytest.mark.parametrize("version", OLD)
def test_nothing_of_an_old_package_is_unknown(version: str, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", tmp_path, f"openai=={version}"], check=True, timeout=300)
    package = package_in(tmp_path)
    found = {f.thing: f.state for f in examined(package.things())}
    assert package.version == version
    assert found[OLD[version]] == State.HANDLED
    assert [thing for thing, state in found.items() if state == State.UNKNOWN] == []


def test_all_that_the_installed_package_has_is_read() -> None:
    things = package_in().things()
    assert len(things) > 200
    read = (
        Thing("images.create_variation", "response_format", "url"),
        Thing("images.edit", "svg.reasoning.effort", "xhigh"),
        Thing("images.generate", "model", "gpt-image-2.6-flare"),  # an alias of another file
        Thing("images.generate", "size", "1024x1792"),
        Thing("answer", "data.revised_prompt"),
        Thing("image_edit.completed", "usage.input_tokens_details.image_tokens"),
        Thing("image_generation.partial_image", "partial_image_index"),
    )
    assert {*read} <= {*things}
    assert not [t for t in things if t.name.startswith("extra_") or t.name == "timeout"]


def test_what_is_unknown_is_listed_with_the_fix(tmp_path: Path) -> None:
    parameters = """
        prompt: str, glow: bool, n: int, user: str,
        size: Optional[Literal["1024x1024", "9x9"]] | Omit = omit,
        quality: Literal["high"] | Literal["lavish", "plain"], extra_headers: Headers, timeout: float
    """
    code, output = doctor("--package", str(package_of(tmp_path, parameters)))
    assert code == UNKNOWN
    assert "openai 9.0.0 in " in output
    row = next(line for line in output.splitlines() if line.startswith("images.generate "))
    assert row.split() == ["images.generate", "7", "1", "-", "4"]
    assert "\nunread\n  images.generate: user\n" in output
    assert "\n  images.generate: glow, size = 9x9, quality = lavish | plain\n" in output
    assert "4 unknown: " in output
    assert "Install a newer" in output


def test_a_method_that_is_unknown_is_one_thing(tmp_path: Path) -> None:
    package_of(tmp_path)
    methods = tmp_path / "openai" / "resources" / "images.py"
    methods.write_text(methods.read_text("utf-8") + "    def upscale(self, *, image: str): ...\n")
    found = examined(package_in(tmp_path).things())
    unknown = [f.thing for f in found if f.state == State.UNKNOWN]
    assert unknown == [Thing("images.upscale")]


def test_a_directory_of_facts_makes_a_model_known(tmp_path: Path) -> None:
    package = str(package_of(tmp_path, 'model: Literal["imaginary-1"]'))
    facts = tmp_path / "facts"
    facts.mkdir()
    written(facts)
    try:
        assert doctor("--package", package)[0] == UNKNOWN
        assert doctor("--package", package, "--facts", str(facts))[0] == 0
    finally:
        read_from(None)


def test_everything_is_told_as_json(tmp_path: Path) -> None:
    code, output = doctor("--json", "--package", str(package_of(tmp_path, "glow: str")))
    told: dict[str, Any] = json.loads(output)
    assert (code, told["openai"], told["path"]) == (1, "9.0.0", str(tmp_path / "openai"))
    assert told["things"] == [
        {"where": "images.generate", "name": "", "value": "", "state": "handled"},
        {"where": "images.generate", "name": "glow", "value": "", "state": "unknown"},
    ]


def test_what_is_left_out_has_its_reason() -> None:
    things = json.loads(doctor("--json")[1])["things"]
    left_out = [t for t in things if t["state"] == "left out"]
    assert left_out
    assert all(t["reason"] for t in left_out)


def test_each_row_of_what_is_left_out_is_of_use() -> None:
    things = package_in().things()
    rows = [
        LeftOut(**{**row, "values": tuple(row.get("values", ()))})
        for row in file("sdk")["left_out"]
    ]
    assert [row for row in rows if not any(map(row.has, things))] == []


def test_without_a_package_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert doctor("--package", str(tmp_path))[0] == USAGE
    monkeypatch.setattr("mockserver.evidence.sdk.find_spec", lambda name: None)
    code, output = doctor()
    assert code == USAGE
    assert "no openai package is installed beside images-mock: pip install openai" in output


def test_an_openai_package_before_1_0_is_none_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "openai").mkdir()
    code, output = doctor("--package", str(tmp_path))
    assert code == USAGE
    assert "is no openai package of 1.0 or newer: it has no resources" in output


def test_a_package_that_is_laid_out_in_another_way_is_no_empty_one(tmp_path: Path) -> None:
    package = package_of(tmp_path)
    (package / "openai" / "resources" / "images.py").write_text("class Pictures: ...\n")
    code, output = doctor("--package", str(package))
    assert code == USAGE
    assert "has no Images in resources" in output
    assert "install a newer images-mock" in output
