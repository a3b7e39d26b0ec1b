"""What the plugin can be told: options, settings of pytest's configuration, and the marker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mockserver.guard import REAL

ON, OFF, ERROR, WARN = "on", "off", "error", "warn"
MARKER = "images_mock"
_MARKED = ("tier", "as_of", "seed", "repeats", "per_minute", "budget_usd", "real_time")
MARKER_LINE = (
    "images_mock(tier=…, as_of=…, seed=…, repeats=…, per_minute=…, budget_usd=…, real_time=False): "
    "what the test's sandbox is set to, beside the server's own settings"
)


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be told, as `--images-mock-NAME` or as `images_mock_NAME`."""

    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        return f"--images-mock-{self.name.replace('_', '-')}"

    @property
    def setting(self) -> str:
        return f"images_mock_{self.name}"


OPTIONS = (
    Option("env", ON, "set OPENAI_BASE_URL, OPENAI_API_KEY and NO_PROXY to the mock", (ON, OFF)),
    Option("guard", ON, f"stop tests that are about to reach {REAL}", (ON, OFF)),
    Option("guarded_hosts", "", "more hosts to guard, by commas; *.example.com is all under it"),
    Option("url", "", "use the images-mock that runs there instead of one of one's own"),
    Option("unused_rules", ERROR, "what to make of rules that no request met", (ERROR, WARN, OFF)),
    Option("unexpected_errors", OFF, "fail tests that got errors nobody scripted", (ON, OFF)),
    Option("artifacts", "", "a directory for the journals and pictures of failed tests"),
)


def add_options(parser: pytest.Parser) -> None:
    """Make the options and settings known to pytest."""
    group = parser.getgroup("images_mock", "OpenAI Images API mock")
    for option in OPTIONS:
        told = f"{option.help} (default: {option.default or 'none'})"
        choices = {"choices": option.choices} if option.choices else {"metavar": "TEXT"}
        group.addoption(option.flag, dest=option.setting, default=None, help=told, **choices)
        parser.addini(option.setting, told, default=option.default)


def chosen(config: pytest.Config) -> dict[str, str]:
    """What was told, by name: an option wins over the configuration.

    Raises:
        pytest.UsageError: it is none of the choices.
    """
    found = {}
    for option in OPTIONS:
        # Conftest files are loaded before all options are parsed.
        told = getattr(config.known_args_namespace, option.setting, None)
        value = str(config.getini(option.setting) if told is None else told).strip()
        if option.choices and value not in option.choices:
            choices = ", ".join(option.choices)
            raise pytest.UsageError(f"{option.setting} must be one of {choices}, not {value!r}")
        found[option.name] = value
    return found


def marked(item: pytest.Item) -> dict[str, Any] | None:
    """What the markers of a test say, the closest last; None without any.

    Raises:
        pytest.fail.Exception: they say what is not known.
    """
    markers = [*item.iter_markers(MARKER)]
    told: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            _refuse(item, f"takes keywords only, not {marker.args[0]!r}")
        _refuse_unknown(item, marker.kwargs)
        told |= marker.kwargs
    return told if markers else None


def _refuse_unknown(item: pytest.Item, keywords: Mapping[str, Any]) -> None:
    for name in keywords:
        if name not in _MARKED:
            from difflib import get_close_matches

            close = get_close_matches(name, _MARKED, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(_MARKED)}"
            _refuse(item, f"has no {name!r}; {hint}")


def _refuse(item: pytest.Item, why: str) -> None:
    pytest.fail(f"usage error: @pytest.mark.{MARKER} of {item.nodeid} {why}", pytrace=False)
