"""What the pages for people hold: links that lead somewhere, and the snippets of docs/running.md."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from mockserver import __version__
from mockserver.config import config_of, resolve
from tests.conftest import Api

ROOT = Path(__file__).parent.parent
if not (ROOT / "mockserver").exists():
    pytest.skip("the sources are out of the way", allow_module_level=True)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "bench").glob("*.md")])
RUNNING = (ROOT / "docs" / "running.md").read_text("utf-8")
SITE: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "site" / "build.py"))
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_OF_CI: tuple[str, ...] = (".ci/",) if (ROOT / ".ci").exists() else ()  # not in an sdist
_FOLDERS: tuple[str, ...] = ("bench/", "contracts/", "docs/", "mockserver/", "tests/", *_OF_CI)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    seen, found = Counter[str](), set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


def dead(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere; those to other places are not followed."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = unquote(target).partition("#")
        if "://" in path:
            continue
        file = page.parent / path if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(dead(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`([\w./-]+)`", prose(page))
    assert [n for n in named if n.startswith(_FOLDERS) and not (ROOT / n).exists()] == []


def in_nav(entry: object) -> Iterator[str]:
    """The pages of a part of the site's navigation, in their order."""
    if isinstance(entry, str):
        yield entry
    parts = entry if isinstance(entry, list) else entry.values() if isinstance(entry, dict) else ()
    for part in parts:
        yield from in_nav(part)


def test_each_page_of_the_site_is_in_its_navigation_once(tmp_path: Path) -> None:
    SITE["lay_out"](tmp_path)
    settings = tomllib.loads((tmp_path / "zensical.toml").read_text("utf-8"))["project"]
    shown = sorted(in_nav(settings["nav"]))
    assert shown == sorted(page.name for page in (tmp_path / "docs").glob("*.md"))


def test_what_a_page_of_the_site_leads_to_is_there(tmp_path: Path) -> None:
    """Files too, which the strict build does not look for."""
    SITE["lay_out"](tmp_path)
    laid = [p for p in (tmp_path / "docs").glob("*.md") if list(dead(p))]
    assert {p.name: list(dead(p)) for p in laid} == {}


def test_a_fact_has_a_heading_of_its_own_in_the_site(tmp_path: Path) -> None:
    SITE["lay_out"](tmp_path)
    errors = (tmp_path / "docs" / "evidence-errors-of-the-api.md").read_text("utf-8")
    [fact] = re.findall(r"^## size_not_of_model\n(.*?)(?=^## )", errors, re.MULTILINE | re.DOTALL)
    assert "> The size is not supported by this model.\n" in fact
    assert "*code* invalid_size · " in fact
    told = sum(p.read_text("utf-8").count("*source* ") for p in (tmp_path / "docs").glob("evi*"))
    rows = re.findall(r"^\|.*\|$", (ROOT / "docs" / "evidence.md").read_text("utf-8"), re.MULTILINE)
    heads, levels = 2 * 11, 6
    assert told == len(rows) - heads - levels


def test_a_link_is_called_by_what_it_leads_to_and_not_by_a_path() -> None:
    """Pages are read in the site, too, where no folder docs/ is seen."""
    pages = [*(ROOT / "docs").glob("*.md")]
    named = re.compile(r"\[`?docs/[\w-]+\.md`?\]\(")
    assert {p.name: named.findall(prose(p)) for p in pages if named.search(prose(p))} == {}


def test_what_is_told_of_a_server_that_does_not_answer_is_what_it_says(api: Api) -> None:
    asked, near, open_to_all = {"prompt": "a red fox"}, api(), api(host="0.0.0.0")
    del near.headers["Authorization"]
    answers = [
        near.post("/images/generations", json=asked),
        near.get("/v1/models", headers={"Host": "mock.example"}),
        open_to_all.get("/_mock/requests"),
        near.post("/v1/images/generations", json=asked),
    ]
    [part] = re.findall(
        r"^## When it does not answer\n(.*?)^## ", RUNNING, re.MULTILINE | re.DOTALL
    )
    told = re.findall(r"^\| (4\d\d) `([^`]+)`", part, re.MULTILINE)
    of_https = told.pop()
    assert of_https == ("400", "This port speaks HTTPS")  # tests/tls/test_https.py has it
    for (status, words), answer in zip(told, answers, strict=True):
        assert (status, words in answer.text) == (str(answer.status_code), True), answer.text
    assert "end the base URL in /v1" in answers[0].headers["mock-hint"]


def test_the_readme_leads_to_the_pages() -> None:
    assert "(docs/index.md)" in prose(ROOT / "README.md")


def test_the_page_of_the_control_api_is_the_documents() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "control_api.py"))
    assert made["PAGE"].read_text("utf-8") == made["page"](), "run python docs/control_api.py"


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", RUNNING, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("snippet", snippets("yaml"))
def test_a_snippet_is_valid_yaml_and_leads_to_the_default_port(snippet: str) -> None:
    assert "services" in str(yaml.safe_load(snippet))
    assert "6780:6780" in snippet


def test_the_server_of_the_shell_snippet_starts_and_stops(tmp_path: Path) -> None:
    [script] = [s for s in snippets("sh") if "--ready-file" in s]
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^your tests, against http://127\.0\.0\.1:\d+/v1$", done.stdout, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_settings_can_be_read(tmp_path: Path) -> None:
    [snippet] = snippets("toml")
    (tmp_path / "images-mock.toml").write_text(snippet)
    config = config_of(resolve(flags={}, environment={}, directory=tmp_path))
    assert (config.port, config.tier, len(config.rules)) == (6780, "2", 1)


def test_the_wheel_is_named_as_it_is_built() -> None:
    named = set(re.findall(r"openai_images_mock-([\d.]+)-py3-none-any\.whl", RUNNING))
    assert named == {__version__}
