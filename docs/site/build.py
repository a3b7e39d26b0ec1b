"""Builds the site of docs/: `python docs/site/build.py site`, then `python -m http.server -d site`.

Needs `pip install '.[docs]'`. It ends with exit code 1 where a page or an anchor is missing.

The pages are read as a repository shows them, so their links lead to files. Here they are laid out
as the site has them: some of the root beside those of docs/, and files that a page leads to as
downloads. Nothing of a page's text is changed but where links lead, and the name of a page's file,
which becomes its title.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
DOCS = HERE.parent
ROOT = DOCS.parent
#: Pages of the site from elsewhere than docs/, and what they are called there.
ELSEWHERE = {
    "SECURITY.md": "SECURITY.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "bench/README.md": "bench.md",
    "README.md": "index.md",
}
_CELL = re.compile(r"(?<!\\) \| ")
_IS_NAME = re.compile(r"`?[\w/-]+\.md`?")  # nobody looks for a file in the site
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def pages() -> dict[str, Path]:
    """The site's pages, by name."""
    own = {page.name: page for page in DOCS.glob("*.md")}
    return {name: ROOT / path for path, name in ELSEWHERE.items()} | own


def lay_out(folder: Path) -> None:
    """Put everything that the site is made of into a folder."""
    shutil.copy(HERE / "zensical.toml", folder)
    shutil.copytree(HERE / "overrides", folder / "overrides")
    made = folder / "docs"
    made.mkdir()
    for file in (*DOCS.glob("*.png"), HERE / "site.css", ROOT / "mockserver/page/assets/icon.svg"):
        shutil.copy(file, made)
    for name, page in pages().items():
        (made / name).write_text(led(page, made), "utf-8")
    for name, text in evidence((made / "evidence.md").read_text("utf-8")):
        (made / name).write_text(text, "utf-8")


def led(page: Path, made: Path) -> str:
    """A page's text, with links that lead to where things are in the site."""

    def lead(link: re.Match[str]) -> str:
        text, path, anchor = link.groups()
        file = (page.parent / path).resolve()
        if not file.is_relative_to(ROOT) or not file.exists():
            return link[0]  # zensical says what is missing
        here = file.relative_to(ROOT).as_posix()
        if file.is_dir():
            return str(text)
        if file.parent == DOCS or here in ELSEWHERE:
            label = _title(file) if _IS_NAME.fullmatch(text) else text
            return f"[{label}]({ELSEWHERE.get(here, file.name)}{anchor or ''})"
        (made / here).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, made / here)
        return f"[{text}]({here})"

    return _LINK.sub(lead, page.read_text("utf-8"))


def _title(page: Path) -> str:
    return page.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def evidence(text: str) -> Iterator[tuple[str, str]]:
    """The page of all facts as a page of each table, a heading for each fact; one leads to all.

    A search finds what is under a heading; in a table of 200 rows it would find the table.
    """
    head, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    leads = ""
    for part in parts:
        title, _, table = part.partition("\n")
        name = f"evidence-{re.sub(r'[^a-z]+', '-', title.lower())}.md"
        columns, _, *rows = (_CELL.split(row.strip("| ")) for row in table.split("\n") if row)
        facts: dict[str, str] = {}
        for row in rows:
            facts[row[0]] = facts.get(row[0], "") + _told(columns, row)
        told = "".join(f"\n## {fact}\n{of}" for fact, of in facts.items())
        yield name, f"# {title}\n\nHow well each is known: [the levels](evidence.md).\n{told}"
        leads += f"* [{title}]({name}): {len(rows)}\n"
    yield "evidence.md", f"{head}\n## The tables\n\n{leads}"


def _told(columns: list[str], row: list[str]) -> str:
    cells = dict(zip(columns, row, strict=True))
    del cells[columns[0]]
    said = cells.pop("message", "") or cells.pop("value", "")
    rest = " · ".join(f"*{name}* {cell}" for name, cell in cells.items() if cell)
    return f"\n> {said}\n\n{rest}\n"


def build(site: Path) -> int:
    """Make the site anew; the exit code of what makes it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        lay_out(folder)
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
        code = subprocess.run(command, cwd=folder, check=False).returncode
        if not code:
            shutil.rmtree(site, ignore_errors=True)
            shutil.copytree(folder / "site", site)
    return code


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if sys.argv[1:] else "site")))
