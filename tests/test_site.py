"""The site of docs/: built strictly, each link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.built_site import Loads, addresses, build, laid_out

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("zensical") is None and not os.environ.get("CI"):
        pytest.skip("zensical is not installed: pip install '.[docs]'")
    made = tmp_path_factory.mktemp("site") / "site"
    done = build(made)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def pages(site: Path) -> dict[str, Loads]:
    return {page.name: Loads(page) for page in site.glob("*.html")}


def test_a_page_and_a_style_sheet_load_nothing_from_elsewhere(site: Path) -> None:
    loads = {name: page.loads for name, page in pages(site).items()}
    loads |= {css.name: addresses(css.read_text("utf-8")) for css in site.rglob("*.css")}
    assert min(map(len, (loads[name] for name in ("index.html", "evidence.html")))) > 3
    strange = {
        name: [
            url for url in urls if urlsplit(url).netloc or urlsplit(url).scheme not in ("", "data")
        ]
        for name, urls in loads.items()
    }
    assert {name: urls for name, urls in strange.items() if urls} == {}


def test_each_page_has_a_policy_that_lets_no_script_ask_elsewhere(site: Path) -> None:
    for name, page in pages(site).items():
        [policy] = page.policies or [""]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'self'", name
        assert not {s for r in rules.values() for s in r.split()} & {"*", "http:", "https:"}
        assert "connect-src" not in rules


def test_each_link_of_each_page_leads_to_a_page_and_a_heading(site: Path) -> None:
    texts = {page.name: page.read_text("utf-8") for page in site.glob("*.html")}
    dead = []
    for name, page in pages(site).items():
        for link in page.links:
            to = urlsplit(link)
            if to.scheme or to.netloc or name == "404.html":
                continue
            file = to.path or name
            there = (site / unquote(file)).exists()
            if not there or (to.fragment and f'id="{unquote(to.fragment)}"' not in texts[file]):
                dead.append(f"{name}: {link}")
    assert dead == []


def _anchor(docs: Path) -> None:
    with (docs / "keys.md").open("a") as page:
        page.write("\n[nowhere](limits.md#nowhere)\n")


def _page(docs: Path) -> None:
    (docs / "limits.md").unlink()


@pytest.mark.parametrize("spoil", [_anchor, _page])
def test_the_build_fails_where_a_page_or_an_anchor_is_missing(
    site: Path, spoil: Callable[[Path], None], tmp_path: Path
) -> None:
    spoil(laid_out(tmp_path) / "docs")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "does not exist" in done.stdout + done.stderr
