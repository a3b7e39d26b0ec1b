"""The server in a test's process, under a file system that is faked or watched."""

from __future__ import annotations

import os

import pytest

from tests.plugin.conftest import PLUGINS, downstream, run

pytestmark = pytest.mark.neighbours
__all__ = ["downstream"]  # a fixture

CODE = """
    import io, httpx2
    from PIL import Image

    def png():
        file = io.BytesIO()
        Image.new("RGBA", (256, 256)).save(file, "PNG")
        return ("image.png", file.getvalue())

    UPLOAD = png()

    def everything():       # of which each reads or imports something the first time
        asked = [
            APP.images.generate(model="dall-e-2", prompt="fox, лиса", size="256x256"),
            APP.images.generate(model="dall-e-3", prompt="x"),
            APP.images.edit(model="dall-e-2", image=UPLOAD, prompt="x"),
            APP.images.create_variation(model="dall-e-2", image=UPLOAD),
            APP.images.generate(model="dall-e-2", prompt="mock:wrong-format"),
        ]
        assert asked[1].data[0].revised_prompt
        assert [httpx2.get(a.data[0].url).status_code for a in asked] == [200] * 5
"""
FIRST = "    def test_first(images_mock, fs): everything()\n"
LATER = """
    def test_later(images_mock): everything()

    def test_the_program_s_own():
        import faker
        assert faker.Faker("de_DE").name()
        assert Image.open(io.BytesIO(UPLOAD[1])).convert("RGB").size == (256, 256)
"""
WATCHED = """
    from blockbuster import blockbuster_ctx

    def test_watched(request):
        with blockbuster_ctx():
            request.getfixturevalue("images_mock")
            everything()
"""


def need(name: str) -> None:
    """Skip where a package is missing; on CI that is a fault of the installation."""
    if not os.environ.get("CI"):
        pytest.importorskip(name)


@pytest.mark.parametrize(
    "first", [FIRST, FIRST.replace("images_mock, fs", "fs, images_mock")], ids=["after", "before"]
)
def test_a_faked_file_system_hides_nothing_that_a_request_needs(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    need("pyfakefs")
    monkeypatch.setenv("PYTEST_PLUGINS", f"{PLUGINS},pyfakefs.pytest_plugin")
    run(downstream, CODE + first + LATER).assert_outcomes(passed=3)


def test_no_request_blocks_the_loop_by_reading(downstream: pytest.Pytester) -> None:
    need("blockbuster")
    run(downstream, CODE + WATCHED).assert_outcomes(passed=1)
