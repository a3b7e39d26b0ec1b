"""docs/migration.md: its example runs, and says what the page says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "migration.md"
if not PAGE.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
EXAMPLE = re.compile(
    r"<!-- example -->\n```python\n(.*?)```\n\n```console\n\$ pytest (.*?)\n```\n\n"
    r"```text\n(.*?)```\n",
    re.DOTALL,
)


def lasting(text: str) -> list[str]:
    """Lines without the day, and without the width of pytest's."""
    return re.sub(r"=+", "=", re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)).splitlines()


@pytest.mark.slow
def test_the_example_says_what_the_page_says(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    page = PAGE.read_text("utf-8")
    found = EXAMPLE.search(page)
    assert found
    code, argument, told = found.groups()
    pytester.makepyfile(test_example=code)
    result = pytester.runpytest_subprocess(argument)
    result.assert_outcomes(passed=3)
    text = result.stdout.str()
    section = re.search(r"=+ images_mock migration =+\n(.*\n)*?(?==)", text)
    assert section, text
    if os.environ.get("UPDATE_PAGE"):
        shown = re.sub(r"=+ (images_mock migration) =+", rf"{'=' * 29} \1 {'=' * 30}", section[0])
        PAGE.write_text(page.replace(told, shown), "utf-8")
        return
    assert lasting(section[0]) == lasting(told)
