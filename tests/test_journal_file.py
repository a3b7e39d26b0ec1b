"""A journal as a file: what is in it, what is not, and what becomes of files that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from mockserver.cli import cli
from mockserver.client import journal_file
from mockserver.client.journal_file import FORMAT, LISTS, MARK, NoJournal, read, saved, write
from mockserver.core.judging.seen import Journal
from mockserver.testing import ImagesMock
from tests.edits import encoded, half_clear
from tests.test_follow import HOSTILE

KEY = f"sk-proj-{'aB3' * 16}"


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with ImagesMock() as server:
        yield server


@pytest.fixture(scope="module")
def asked(mock: ImagesMock) -> ImagesMock:
    """A server that two programs asked: for pictures, an edit, a download; one with a key in it."""
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"prompt": f"a fox {HOSTILE!r} {KEY}", "user": KEY, "response_format": "url"}
    made = httpx2.post(f"{mock.url}/images/generations", json=body, headers=headers)
    httpx2.get(made.json()["data"][0]["url"])
    file = encoded(half_clear())
    httpx2.post(
        f"{mock.url}/images/edits",
        data={"prompt": "a hole", "model": "dall-e-2"},
        files={"image": ("a.png", file)},
        headers=headers,
    )
    other = {"Authorization": "Bearer sk-mock-other"}
    httpx2.post(f"{mock.url}/images/generations", json={"prompt": "mock:429"}, headers=other)
    return mock


def command(*args: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["journal", *map(str, args)], input=stdin)


@pytest.fixture
def good(asked: ImagesMock) -> dict[str, Any]:
    return saved(asked.address)


def test_what_is_saved_is_what_is_read_and_what_can_be_judged(
    asked: ImagesMock, tmp_path: Path
) -> None:
    place = tmp_path / "run.json"
    done = command("save", place, "--url", asked.address)
    assert (done.exit_code, done.output) == (0, "")
    found = read(place)
    assert found == saved(asked.address) | {"saved": found["saved"]}
    assert found[MARK] == FORMAT
    assert found["settings"]["tier"] == "1"
    journal = Journal.of(found)
    assert [r.status for r in journal.requests] == [200, 200, 429]
    assert [d.length is not None for d in journal.downloads] == [True]
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_no_key_is_in_a_file_and_of_what_was_sent_a_digest(
    asked: ImagesMock, tmp_path: Path
) -> None:
    place = tmp_path / "run.json"
    command("save", place, "--url", asked.address)
    text = place.read_text("ascii")
    assert KEY[8:] not in text
    assert "sk-mock-other" not in text
    edit = read(place)["requests"][1]
    assert edit["fields"]["image"].keys() >= {"sha256", "bytes", "format"}
    assert "raw" not in text


def test_one_sandbox_can_be_saved_by_its_key_or_its_name(asked: ImagesMock) -> None:
    by_key = saved(asked.address, key="sk-mock-other")
    (record,) = by_key["requests"]
    by_name = command("save", "-", "--url", asked.address, "--sandbox", record["sandbox"][:6])
    assert json.loads(by_name.output)["requests"] == [record]


def test_a_file_is_shown_as_the_log_shows_a_server(asked: ImagesMock, tmp_path: Path) -> None:
    place = tmp_path / "run.json"
    command("save", place, "--url", asked.address)
    shown = command("show", place)
    assert shown.exit_code == 0
    assert shown.output == CliRunner().invoke(cli, ["log", "--url", asked.address]).output
    assert len(shown.output.splitlines()) == 4
    by_pipe = command("show", "-", "--json", stdin=place.read_bytes())
    assert [json.loads(line)["id"] for line in by_pipe.output.splitlines()] == [
        record["id"] for record in journal_file.records_of(read(place))
    ]


def test_a_file_that_was_there_is_replaced_whole_or_stays(
    good: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "run.json"
    write(place, good)
    before = place.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(NoJournal, match="can't be written: full"):
        write(place, good | {"requests": []})
    assert place.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_where_no_server_answers_nothing_is_written(tmp_path: Path) -> None:
    done = command("save", tmp_path / "run.json", "--url", "http://127.0.0.1:1")
    assert done.exit_code == 4
    assert "no images-mock answers" in done.stderr or "nobody answers" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == []


def broken(good: dict[str, Any], **values: Any) -> bytes:
    record = {k: v for k, v in (good["requests"][0] | values).items() if v != "left out"}
    return journal_file.content_of(good | {"requests": [record]})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no JSON"),
        (b"[", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"requests": NaN}', "NaN is not JSON"),
        (b"[]", "nothing that is read here"),
        (b'{"requests": []}', "it has no images_mock_journal. Write it by"),
        (b'{"images_mock_journal": true}', "no number of a format"),
        (b'{"images_mock_journal": 0}', "no number of a format"),
        (
            b'{"images_mock_journal": 2, "version": "9.1"}',
            "later images-mock (9.1): its format is 2",
        ),
        (b'{"images_mock_journal": ' + b"9" * 5000 + b"}", "larger than any number"),
        (b'{"images_mock_journal": 1, "requests": {}}', "requests is no list"),
        (b'{"images_mock_journal": 1, "downloads": [3]}', "downloads[0] is no table"),
        (b'{"images_mock_journal": 1, "open": [{}]}', "open[0] has no '"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_and_told_why(content: bytes, why: str) -> None:
    done = command("show", "-", stdin=content)
    assert done.exit_code == 2
    assert why in done.stderr
    assert "internal" not in done.stderr


def test_a_record_that_no_server_tells_is_named(good: dict[str, Any]) -> None:
    wrong: dict[str, Any] = {
        "time": 1e300,
        "status": "200",
        "fields": [],
        "trace": [1],
        "error": {"reason": "x"},
        "wait": {"told_ms": "soon"},
        "usd": None,
        "standing": 1,
        "milliseconds": 0.5,
        "pictures": "one",
        "length": "1",
        "moved": True,
    }
    for name, value in wrong.items():
        with pytest.raises(NoJournal, match=rf"requests\[0\] has a '{name}' that no server tells"):
            journal_file.read_from(broken(good, **{name: value}))
    for name in ("id", "call", "filled"):
        with pytest.raises(NoJournal, match=rf"requests\[0\] has no '{name}'"):
            journal_file.read_from(broken(good, **{name: "left out"}))
    assert journal_file.read_from(broken(good, new_in_a_later_version=[3]))


def test_a_file_larger_than_any_is_refused_before_it_is_read_whole(
    good: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "run.json"
    write(place, good)
    monkeypatch.setattr(journal_file, "MOST", 100)
    with pytest.raises(NoJournal, match="Save one sandbox"):
        read(place)
    with pytest.raises(NoJournal, match="save one --sandbox"):
        write(place, good)


def test_an_empty_journal_is_a_file_too(tmp_path: Path) -> None:
    place = tmp_path / "run.json"
    write(place, journal_file.marked({}))
    assert [read(place)[name] for name in LISTS] == [[], [], []]
    assert command("show", place).output == ""
