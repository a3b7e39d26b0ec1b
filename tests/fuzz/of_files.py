"""Readers of what users write and keep: configuration, keys, facts, rules, journals, recordings."""

from __future__ import annotations

import contextlib
import json
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from contracts.compare.recording import Case, Origin
from contracts.compare.recording import read as recording
from contracts.compare.reliance import NoJournal, reliances, written
from contracts.compare.reliance import read as relied
from contracts.target import Lost
from mockserver.config import FILE_NAME, Config, ConfigError, config_of, configured, resolve
from mockserver.control.shown_settings import shown
from mockserver.core.rules.parser import RuleError, rigged, rigging, rule_of, told
from mockserver.core.rules.precedence import Fired
from mockserver.facts import load, read_from
from mockserver.facts.files import FactsError, _parsed
from mockserver.settings import BY_NAME, SETTINGS, keys
from tests.fuzz.rules import RULES
from tests.fuzz.values import altered, table_of, toml, value_of
from tests.test_facts_directory import LIMITS, MODEL, PRICES


@contextlib.contextmanager
def folder_of(**contents: bytes) -> Iterator[Path]:
    """A folder with these files, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as directory:
        for name, content in contents.items():
            Path(directory, name).write_bytes(content)
        yield Path(directory)


@contextlib.contextmanager
def file_of(content: bytes) -> Iterator[Path]:
    """The same with one file, whose name is that of a configuration."""
    with folder_of(**{FILE_NAME: content}) as folder:
        yield folder / FILE_NAME


def _device(text: bytes | str) -> bool:
    """Whether a path may be meant that no end is read of."""
    return any(name in str(text) for name in ("/dev", "/proc", "/sys", ".."))


# -- settings ------------------------------------------------------------------------------------

_PATHS = ("facts", "keys", "ready-file")


def settings(data: bytes) -> None:
    """A text for one setting: it is refused with a sentence, or shown as it could be written."""
    number, _, rest = data.partition(b"=")
    setting = SETTINGS[(number or b"\0")[0] % len(SETTINGS)]
    text = rest.decode("utf-8", "surrogateescape")
    if setting.name in _PATHS or not text:
        return
    try:
        found = configured(**{setting.field: [text] if setting.many else text})
    except ConfigError as refused:
        assert setting.name in str(refused)
        return
    again = shown(found)[setting.name]
    if setting.secret or setting.many or again is None or setting.name == "host":
        return  # a host has lost its brackets
    assert shown(configured(**{setting.field: again}))[setting.name] == again


SETTINGS_SEEDS = tuple(
    bytes([number]) + b"=" + text.encode()
    for number, setting in enumerate(SETTINGS)
    for text in (
        setting.default or "x",
        *("2023-12-01", "50/min", "1.5s", "measured*0.1", "64MiB", "http://images.test:6780"),
        *("[::1]", "*.images.test", "a=dall-e-2"),
    )
)

# -- files of configuration ----------------------------------------------------------------------

_RULE = (
    *("rules", "rule", "when", "then", "times", "next", "name", "prompt", "n", "call", "image"),
    *("error", "delay", "rate_limit", "retry_after", "contains", "regex", "addresses"),
)
CONFIG_WORDS = (*(n for n in BY_NAME if n not in _PATHS), *_RULE, "on", "off", "internal", "2")
CONFIG_SEEDS = (
    b'as-of = 2023-12-01\ntier = 2\nlimits = "50/min"\nallowed-host = ["a.test", "b.test"]\n',
    b'magic = false\n[[rules]]\nname = "x"\ntimes = 2\nwhen = {prompt = {contains = "a"}}\n'
    b'then = {rate_limit = {retry_after = "2s"}}\n',
    b'latency = "measured*0.1"\nmax_body = "25MB"\n[[rules]]\nthen.image = "a.png"\n',
    b'deployment = ["a=dall-e-3", "b=gpt-image-1"]\nvalidation = "schema"\n',
)


def config(data: bytes) -> None:
    """`images-mock.toml`: it is refused with a message that names it, or it is a configuration."""
    content = table_of(data, CONFIG_WORDS)
    if _device(content) or b"facts" in content or b"keys" in content:
        return
    with file_of(content) as path:
        try:
            values = resolve(flags={}, environment={}, directory=None, file=path)
            found = config_of(values)
        except ConfigError as refused:
            assert "images-mock" in str(refused) or "Rule " in str(refused)
            return
    assert isinstance(found, Config)
    json.dumps(shown(found), allow_nan=False)


KEYS_WORDS = ("key", "organization", "tier", "admin", "free", "1", "off", "sk-mock-a", "org-a")
KEYS_SEEDS = (
    b'[[key]]\nkey = "sk-a"\norganization = "org-a"\ntier = "free"\n[[key]]\nkey = "sk-b"\nadmin = true\n',
    b'key = [{key = "sk-a", tier = 2}]\n',
)


def keys_file(data: bytes) -> None:
    """`--keys FILE`: a sentence that never has a key in it, or keys."""
    with file_of(table_of(data, KEYS_WORDS)) as path:
        try:
            found = keys(str(path))
        except ValueError as refused:
            assert str(refused).startswith(("must be", "names a file"))
            return
    assert found.listed is not None
    assert all(key and key.isascii() for key in found.listed)


_FACTS = {
    "models": tomllib.loads(MODEL),
    "limits": tomllib.loads(LIMITS),
    "prices": tomllib.loads(PRICES),
}
FACTS_WORDS = (
    *("imaginary-1", "dall-e-2", "size", "values", "string", "64x64", "model", "id"),
    *("source", "level", "since", "parameter", "tokens", "usd", "like"),
)


#: The package's own files are read once: each takes longer than all the rest.
_READ_ONCE = ("mockserver.facts.files._parsed", lru_cache(64)(_parsed))


@lru_cache
def _last() -> tuple[date, ...]:
    """One period of fifty: to err in one is enough."""
    return (date(2026, 11, 28),)


def facts(data: bytes) -> None:
    """`--facts DIR`: a message, or facts of each day; and then the package's own count again."""
    name = [*_FACTS][(data or b"\0")[0] % len(_FACTS)]
    rows = {**_FACTS, name: altered(_FACTS[name], data[1:], FACTS_WORDS)}
    files = {
        f"{stem}.toml": toml(one if isinstance(one, dict) else {"model": one})
        for stem, one in rows.items()
    }
    with folder_of(**files) as folder, patch("mockserver.facts.periods", _last), patch(*_READ_ONCE):
        try:
            read_from(folder)
            assert load().models
        except FactsError as refused:
            assert str(refused)
        finally:
            read_from(None)


FACTS_SEEDS = (b"\0", b"\1", b"\2", b"\0\0\5\2\x07", b"\0\1\0\1", b"\1\0\3\4\2", b"\2\0\3\4\2")

# -- rules ---------------------------------------------------------------------------------------

RULE_WORDS = (
    *("when", "then", "times", "name", "next", "prompt", "model", "n", "size", "call", "operation"),
    *("is", "contains", "regex", "error", "delay", "rate_limit", "retry_after", "quota", "respond"),
    *("gateway", "disconnect", "drip", "bad_json", "headers", "image", "picture", "truncated"),
    *("download", "first", "stream", "stall", "expired_url", "content_type", "refuse", "pictures"),
    *("addresses", "status", "body", "json", "as_date", "events", "before", "after", "dall-e-*"),
    *("images.generate", "files.list", "internal", "503", "1ms", "eA==", "x-a", "b"),
)
RULE_SEEDS = tuple(json.dumps(rule).encode() for rule in RULES)


def rules(data: bytes) -> None:
    """A rule: a sentence, or one that is told as it is read, and sent as JSON."""
    try:
        found = rule_of(value_of(data, RULE_WORDS))
    except RuleError as refused:
        assert refused.sentence.endswith((".", "?"))
        return
    said = json.loads(json.dumps(told(found), allow_nan=False))
    assert json.loads(json.dumps(said).encode()) == said
    if found.then.download:
        kept = rigging(rigged(Fired(found, 1, found.then)))
        assert kept.then == found.then.download.effect
    if not _has_images(said):
        del said["id"]
        assert told(rule_of(said)) == told(found)


def _has_images(said: Any) -> bool:
    """Whether a rule has files, which are told by their digests."""
    return bool({"image", "addresses"} & said["then"].keys())


# -- what is kept of runs ------------------------------------------------------------------------

JOURNAL_WORDS = (
    *("requests", "operation", "path", "method", "status", "fields", "filled", "error", "code"),
    *("reason", "downloads", "response_format", "stream", "images.generate", "/v1/models", "GET"),
    *("model", "size", "dall-e-2", "n", "prompt", "url", "id"),
)
_RECORD = {
    "operation": "images.generate",
    "method": "POST",
    "path": "/v1/images/generations",
    "status": 200,
    "filled": ["n"],
    "downloads": ["req-1"],
    "error": None,
    "id": "req-1",
    "fields": {"operation": "images.generate", "model": "dall-e-2", "n": 2, "prompt": "x"},
}
_REFUSED = _RECORD | {"status": 400, "error": {"code": None, "reason": "too_long"}}
JOURNAL_SEEDS = tuple(
    json.dumps({"requests": rows}).encode()
    for rows in ([], [_RECORD], [_RECORD, _REFUSED], [{"path": "/v1/models/x", "method": "GET"}])
)


def journal(data: bytes) -> None:
    """A journal for `from-journal`: a message, or what is relied on, written and read again."""
    try:
        found = reliances(value_of(data, JOURNAL_WORDS))
    except NoJournal as refused:
        assert str(refused)
        return
    with file_of(written(found, "x").encode()) as path:
        assert len(relied(path)) == len(found)


def relies(data: bytes) -> None:
    """A file of what a program relies on."""
    content = table_of(data, (*JOURNAL_WORDS, "relies", "parameters", "values"))
    with file_of(content) as path, contextlib.suppress(NoJournal):
        assert isinstance(relied(path), list)


RELIES_SEEDS = (
    b'[[relies]]\noperation = "images.generate"\nrequests = 2\nparameters = ["n"]\nstatuses = [200]\n'
    b'errors = []\nfields = ["data[].url"]\n[relies.values]\nn = [1, 2]\n',
)

_ORIGIN = {"recorded": "2026-01-02", "target": "x", "day": None, "facts": "2026-01-01", "tool": "1"}
_CASE = {
    "form": 1,
    "origin": _ORIGIN,
    "id": "a",
    "operation": "images.generate",
    "status": 200,
    "branch": "",
    "references": {},
    "unknown": [],
    "unseen": "",
    "exchanges": [{"request": {"method": "GET"}, "answer": {"status": 200, "headers": {}}}],
}
RECORDING_WORDS = (*_CASE, *_ORIGIN, "request", "answer", "headers", "body", "2026-01-02")
RECORDING_SEEDS = (json.dumps(_CASE).encode(), b"{}", b"[]")


def recordings(data: bytes) -> None:
    """A file of a recording: a message that names it, or a case that is written as it was."""
    value = value_of(data, RECORDING_WORDS)
    with folder_of(**{"a.json": json.dumps(value).encode()}) as folder:
        try:
            (found,) = recording(folder)
        except Lost as refused:
            assert "a.json" in str(refused)
            return
    assert isinstance(found.origin, Origin)
    assert Case.of(json.loads(json.dumps(found.as_json()))) == found
