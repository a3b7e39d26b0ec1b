"""What the plugin can be told: options, settings of pytest's configuration, and the marker."""

from __future__ import annotations

from argparse import SUPPRESS
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Never

import pytest

from mockserver.client.environment import REAL

ON, OFF, ERROR, WARN = "on", "off", "error", "warn"
MARKER = "images_mock"
MARKER_LINE = (
    "images_mock(tier=…, as_of=…, seed=…, sizes=…, prices=…, latency=…, batch_time=…, repeats=…, "
    "abandoned=…, per_minute=…, budget_usd=…, budget_day_usd=…, budget_month_usd=…, "
    "real_time=False, verdict_ignore=[…], verdict_severity={…}): what the test's sandbox is set "
    "to, beside the server's own settings"
)
MODELS = "images_models"
MODELS_LINE = (
    "images_models(NAME, …): run the test once for each of these models, on a day on which there "
    "is one; the fixture images_model has the name"
)


#: What can be told, as `--images-mock-NAME` or as `images_mock_NAME`: default, help, choices.
OPTIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "env": (ON, "lead clients to the mock: OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT …", (ON, OFF)),
    "guard": (ON, f"stop tests that are about to reach {REAL}, or Azure's", (ON, OFF)),
    "guarded_hosts": (
        "",
        "more hosts to guard, by commas; *.example.com is all under it, gateways and azure many, "
        "!host is let through",
        (),
    ),
    "url": ("", "use the images-mock that runs there instead of one of one's own", ()),
    "team": ("", "the team, of those that share it, whose control token the run has", ()),
    "unused_rules": (ERROR, "what to make of rules that no request met", (ERROR, WARN, OFF)),
    "unexpected_errors": (OFF, "fail tests that got errors nobody scripted", (ON, OFF)),
    "storm": (
        OFF,
        "run each test that passed once more under each kind of failure that it has not met, and "
        "report how the program ends; fail: crashes, hangs and wrong successes fail the run",
        (OFF, "report", "fail"),
    ),
    "storm_kinds": ("", "only these kinds of failure, by commas; !kind is all but this", ()),
    "storm_most": ("5000", "runs of a storm at most", ()),
    "storm_patience": ("5", "seconds in which something must happen in one", ()),
    "storm_file": ("", "a file for what a storm found, as JSON", ()),
    "artifacts": ("", "a directory for the journals and pictures of failed tests", ()),
    "verdict": (
        OFF,
        "tell what the program under test does wrong; error, warning, note: and fail a test with "
        "a finding as grave as that",
        (OFF, "report", ERROR, "warning", "note"),
    ),
    "verdict_ignore": ("", "findings that nobody wants, by commas", ()),
    "verdict_severity": ("", "how grave others are than usual: retry-storm=error, …", ()),
    "verdict_file": ("", "a file for the findings, as JSON", ()),
    "coverage": (OFF, "tell which kinds of failure the tests met, and never", (ON, OFF)),
    "coverage_html": ("", "a file for the same as a page, with pictures of what was asked", ()),
    "coverage_json": ("", "a file for the same as JSON", ()),
    "require": ("", "kinds of failure, by commas: fail a run that has not met them all", ()),
    "lint_against": ("", "a model: tell what all requests would meet with it, and cost", ()),
    "journal": ("", "a file for what all tests asked for, which `images-mock verdict` judges", ()),
}
#: Those that want to know which kinds of failure were met.
COVERING = ("coverage", "coverage_html", "coverage_json", "require")

#: What an option says that has no value.
_ALONE = {"coverage": ON, "storm": "report", "verdict": "report"}
#: For real, where a verdict is wanted: who asks again at once takes less on a busy machine, too.
SHORTEST_WAIT = "250ms"
#: What of the marker is for a verdict, and not for the sandbox.
OF_VERDICT = ("verdict_ignore", "verdict_severity")


def add_options(parser: pytest.Parser) -> None:
    """Make the options and settings known to pytest."""
    group = parser.getgroup("images_mock", "OpenAI Images API mock")
    for name, (default, told, choices) in OPTIONS.items():
        text, setting = f"{told} (default: {default or 'none'})", f"images_mock_{name}"
        flag = f"--images-mock-{name.replace('_', '-')}"
        parser.addini(setting, text, default=default)
        if name in _ALONE:  # and no file that follows is its value, as with argparse's nargs="?"
            said = {flag: _ALONE[name]} | {f"{flag}={choice}": choice for choice in choices}
            shown = {flag: f"{text}; ={', ='.join(choices)}"}
            for way, value in said.items():
                told_at = shown.get(way, SUPPRESS)
                group.addoption(
                    way, dest=setting, default=None, action="store_const", const=value, help=told_at
                )
        else:
            more = {"choices": choices} if choices else {"metavar": "TEXT"}
            group.addoption(flag, dest=setting, default=None, help=text, **more)


def chosen(config: pytest.Config) -> dict[str, str]:
    """What was told, by name: an option wins over the configuration.

    Raises:
        pytest.UsageError: it is none of the choices.
    """
    found = {}
    for name, (_, _, choices) in OPTIONS.items():
        setting = f"images_mock_{name}"
        # Conftest files are loaded before all options are parsed.
        given = getattr(config.known_args_namespace, setting, None)
        value = str(config.getini(setting) if given is None else given).strip()
        if choices and value not in choices:
            listed = ", ".join(choices)
            raise pytest.UsageError(f"{setting} must be one of {listed}, not {value!r}")
        found[name] = value
    return found


_FIXTURES = frozenset(
    (
        *("images_mock", "images_client", "async_images_client", "images_mock_server"),
        "images_model",
    )
)


def asks_for_us(item: pytest.Item) -> bool:
    """Whether a test asks for one of the plugin's fixtures."""
    return not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


def marked(item: pytest.Item) -> dict[str, Any] | None:
    """What the markers of a test say, the closest last; None without any.

    Raises:
        pytest.fail.Exception: they say what is not known.
    """
    markers = [*item.iter_markers(MARKER)]
    keywords: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            _refuse(item, f"takes keywords only, not {marker.args[0]!r}")
        keywords |= {name: _checked(item, name, v) for name, v in marker.kwargs.items()}
    return keywords if markers else None


def check_scope(item: pytest.Item) -> None:
    """Refuse an `images_mock_options` that is there for less than the session, as the server is.

    Raises:
        pytest.fail.Exception: it is.
    """
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    for fixture in known.get("images_mock_options", ())[-1:]:
        if fixture.scope != "session":
            pytest.fail(
                f"usage error: images_mock_options of {fixture.baseid or 'conftest.py'} has the "
                f'scope of a {fixture.scope}. Write @pytest.fixture(scope="session"), for all '
                f"tests share a server; for one test, class or file take @pytest.mark.{MARKER}(…).",
                pytrace=False,
            )


def _checked(item: pytest.Item, name: str, value: Any) -> Any:
    """What a keyword of the marker means."""
    check = _MARKED.get(name)
    if check is None:
        from mockserver.core.texts import likely_name

        close = likely_name(name, _MARKED)
        hint = f"did you mean {close}?" if close else f"it is one of {', '.join(_MARKED)}"
        _refuse(item, f"has no {name!r}; {hint}")
    try:
        return None if value is None and name != "real_time" else check(value)
    except ValueError as error:
        why = str(error)
    return _refuse(item, f"has {name}={_shown(value)}; it {why}")


def _shown(value: Any) -> str:
    """A value as Python writes it, and of a long one the beginning."""
    try:
        return f"{value!r:.100}"
    except ValueError:  # Python writes no number of more than 4300 digits
        return "…"


def _setting(name: str) -> Callable[[Any], str]:
    """A setting of the server, as text, number or day."""

    def check(value: Any) -> str:
        from mockserver.core.decoding import is_number
        from mockserver.settings import BY_NAME

        if not isinstance(value, str | date) and not is_number(value):
            raise ValueError("must be a text")

        BY_NAME[name].parse(str(value))
        return str(value)

    return check


def _whole(value: Any) -> int:
    from mockserver.core.decoding import MOST

    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"must be a whole number of images from 0 to {MOST}")
    return value


def _amount(value: Any) -> float:
    from mockserver.core.decoding import MOST_USD, is_number

    if not is_number(value) or not 0 <= value <= MOST_USD:
        raise ValueError(f"must be an amount in USD from 0 to {MOST_USD}")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be True or False")
    return value


def _ids(value: Any) -> frozenset[str]:
    from mockserver.pytest_plugin.verdict.settings import ignored

    return ignored(value)


def _severities(value: Any) -> Mapping[str, str]:
    from mockserver.pytest_plugin.verdict.settings import severities

    return severities(value)


#: What the marker may say, and what each of it must be; None is what the server has.
_MARKED: Mapping[str, Callable[[Any], Any]] = {
    "tier": _setting("tier"),
    "as_of": _setting("as-of"),
    "seed": _setting("seed"),
    "sizes": _setting("sizes"),
    "prices": _setting("prices"),
    "latency": _setting("latency"),
    "batch_time": _setting("batch-time"),
    "repeats": _setting("repeats"),
    "abandoned": _setting("abandoned"),
    "per_minute": _whole,
    "budget_usd": _amount,
    "budget_day_usd": _amount,
    "budget_month_usd": _amount,
    "real_time": _switch,
    "verdict_ignore": _ids,
    "verdict_severity": _severities,
}


def _refuse(item: pytest.Item, why: str) -> Never:
    pytest.fail(f"usage error: @pytest.mark.{MARKER} of {item.nodeid} {why}", pytrace=False)
