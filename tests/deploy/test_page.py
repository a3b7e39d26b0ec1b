"""What the page on sharing names is there."""

from __future__ import annotations

import re

from mockserver.facts import load
from mockserver.settings import BY_NAME
from tests.deploy.manifests import DEPLOY
from tests.deploy.test_settings import TO_COME

ROOT = DEPLOY.parent
PAGE = (ROOT / "docs" / "sharing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_each_file_that_is_named_is_there() -> None:
    linked = re.findall(r"\]\(\.\./(deploy[^)#]*)\)", PAGE)
    typed = re.findall(r"deploy/[\w./-]+", "".join(BLOCKS))
    made = {"deploy/.env", "deploy/kubernetes/example/secret.env"}  # by the lines themselves
    assert [p for p in {*linked, *typed} - made if not (ROOT / p).exists()] == []
    assert len(linked) >= 4


def test_each_flag_is_a_setting() -> None:
    of_mock = "\n".join(line for line in PAGE.splitlines() if "images-mock --" in line)
    flags = {*re.findall(r"--([a-z-]+)", of_mock), *re.findall(r"`--([a-z-]+)", PAGE)}
    assert flags <= BY_NAME.keys() | TO_COME
    assert "capacity" in flags


def test_how_many_pictures_a_minute_four_places_make_is_what_facts_say() -> None:
    offer = load().models["dall-e-3"].offers["images.generate"]
    shortest, longest = offer.processing({})
    assert round(4 * 60_000 / ((shortest + longest) / 2)) == 19
    assert "some 19 pictures a minute" in PAGE


def test_the_readme_leads_there() -> None:
    assert "(docs/sharing.md" in (ROOT / "README.md").read_text("utf-8")
