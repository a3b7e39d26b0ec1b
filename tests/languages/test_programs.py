"""docs/languages.md: each program runs as it stands there, and does what the page says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.edits import half_clear, scene
from tests.languages.table import HERE, LANGUAGES, Language, done, needed, shown

PAGE = HERE.parent.parent / "docs" / "languages.md"
UPPER, LOWER = (0, 0, 512, 256), (0, 256, 512, 512)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with the program's own pictures: a photo, and a mask whose lower half is clear."""
    scene(512, 512).save(tmp_path / "image.png")
    half_clear(512, 512).save(tmp_path / "mask.png")
    return tmp_path


@pytest.mark.languages
@pytest.mark.parametrize("language", LANGUAGES, ids=[language.program for language in LANGUAGES])
def test_a_program_draws_edits_downloads_waits_and_shows_a_refusal(
    server: ImagesMock, pictures: Path, language: Language
) -> None:
    built(language, pictures)
    box = server.sandbox(f"sk-mock-{language.program}").begin(
        as_of="2025-06-15"
    )  # a day when a part had to say its type
    box.on(operation="images.generate", call=1).rate_limit(retry_after=200)
    box.on(operation="images.edit", call=1).rate_limit(retry_after=300)
    told = done(language.run, pictures, OPENAI_BASE_URL=box.url, OPENAI_API_KEY=box.api_key)
    judged(box, told)
    compared(pictures)


@pytest.mark.languages
@pytest.mark.parametrize("language", LANGUAGES, ids=[language.program for language in LANGUAGES])
def test_a_program_that_is_not_told_when_to_come_again_does_not(
    server: ImagesMock, pictures: Path, language: Language
) -> None:
    built(language, pictures)
    # Not begun, for a clock that stands tells a short wait with each 429.
    box = server.sandbox(f"sk-mock-{language.program}-quota")
    box.on().quota()
    told = done(language.run, pictures, OPENAI_BASE_URL=box.url, OPENAI_API_KEY=box.api_key)
    requests = box.requests
    assert [r.status for r in requests] == [429, 429, 400], box.report()
    assert told.splitlines() == [f"{r.status}: {r.error and r.error.message}" for r in requests]


def built(language: Language, folder: Path) -> None:
    """The program, ready to run there; a skip where its language is not."""
    needed(language.probe, language.debian)
    shutil.copy(HERE / language.program, folder)
    if language.build:
        done(language.build, folder)


def judged(box: Sandbox, told: str) -> None:
    """The journal: it came again when it was told to (200 ms and 300 ms), and no sooner."""
    requests = box.requests
    assert [(r.operation.split(".")[1], r.status) for r in requests] == [
        ("generate", 429),
        ("generate", 200),
        ("edit", 429),
        ("edit", 200),
        ("generate", 400),
    ], box.report()
    assert requests[1].trace[0] == "clock moved on by 200 s, a wait that was served"
    assert requests[3].trace[0] == "clock moved on by 300 s, a wait that was served"
    assert requests[1].sent == {"model": "dall-e-2", "prompt": "a red fox", "size": "256x256"}
    edit = requests[3]
    assert (edit.model, edit.prompt, edit.size) == ("dall-e-2", "a café at dusk", "512x512")
    assert [u and (u.format, u.width) for u in (edit.image, edit.mask)] == [("PNG", 512)] * 2
    assert [d.status for d in box.downloads] == [200, 200]
    refusal = requests[4].error
    assert refusal
    assert told.splitlines() == [
        "fox.png: 256x256",
        "edit.png: 512x512",
        f"400: {refusal.message}",
    ]


def compared(folder: Path) -> None:
    """The files: the edit is the photo where the mask is opaque, and something else where not."""
    assert not (folder / "no.png").exists()
    with Image.open(folder / "fox.png") as fox:
        assert (fox.format, fox.size) == ("PNG", (256, 256))
    with Image.open(folder / "edit.png") as edit, Image.open(folder / "image.png") as photo:
        other = ImageChops.difference(edit.convert("RGB"), photo.convert("RGB"))
    assert other.crop(UPPER).getbbox() is None
    assert other.crop(LOWER).getbbox() is not None


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_program_letter_for_letter() -> None:
    here = [
        file for file in HERE.iterdir() if file.suffix not in (".py", ".pyc") and file.is_file()
    ]
    assert shown(PAGE) == {file.name: file.read_text("utf-8") for file in here}
    assert sorted(shown(PAGE)) == sorted(language.program for language in LANGUAGES)


@pytest.mark.languages
@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_what_a_program_prints(server: ImagesMock, pictures: Path) -> None:
    [language] = [language for language in LANGUAGES if language.program == "fox.rb"]
    built(language, pictures)
    box = server.sandbox("sk-mock-fox").begin()
    told = done(language.run, pictures, OPENAI_BASE_URL=box.url, OPENAI_API_KEY=box.api_key)
    assert f"```text\n{told}```" in PAGE.read_text("utf-8")
