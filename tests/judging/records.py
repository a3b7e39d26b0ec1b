"""Records of a journal as tests of verdicts need them: short to write, whole to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.core.judging.findings import ONLY_A_JOURNAL, Finding, Surroundings
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged

SDK, HTTPX, REQUESTS = "OpenAI/Python 3.57.0", "python-httpx2/2.16.2", "python-requests/2.32.5"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"
AI_SDK = "ai-sdk/openai/4.0.118 runtime/node.js/22"
START = 1_795_902_800.0
#: A test that passed, and that showed no error.
SILENT = Surroundings(passed=True, shows_errors=False)
Told = dict[str, Any]
_ENDPOINT = "/v1/images/generations"


def asked(id_: str, at: float = 0.0, status: int = 200, **told: Any) -> Told:
    """A request so many seconds after the first; the fields of it are those of `fields`."""
    fields = {"model": "gpt-image-2", "prompt": "a red fox", **told.pop("fields", {})}
    reason, code = told.pop("reason", ""), told.pop("code", None)
    is_paid = status == 200
    return {
        "id": id_,
        "time": START + at,
        "sandbox": "A" * 24,
        "method": "POST",
        "path": _ENDPOINT,
        "operation": "images.generate",
        "fields": {"operation": "images.generate"} | fields,
        "filled": [],
        "status": status,
        "error": {"reason": reason, "message": "no", "code": code} if reason or code else None,
        "usd": 0.04 if is_paid else 0.0,
        "milliseconds": 1,
        "trace": [],
        "scripted": False,
        "rule": "",
        "rules": [],
        "call": told.get("call", id_),
        "retries": 0,
        "client": SDK,
        **({"paid": "received"} if is_paid else {}),
        **told,
    }


def limited(id_: str, at: float = 0.0, wait: float = 20.0, **told: Any) -> Told:
    """One that was told to wait so many seconds."""
    wait_ms = {"told_ms": round(wait * 1000), "sent_ms": told.pop("sent_ms", round(wait * 1000))}
    told = {"reason": "rate_limited", "code": "rate_limit_exceeded", "wait": wait_ms} | told
    return asked(id_, at, 429, **told)


def linked(
    id_: str, at: float = 0.0, pictures: Sequence[str] = ("img-1.png",), **told: Any
) -> Told:
    """One that was answered with URLs."""
    return asked(id_, at, pictures=[*pictures], urls_for=3600, **told)


def download(id_: str, at: float = 0.0, picture: str = "img-1.png", **told: Any) -> Told:
    """A picture that is got."""
    record = asked(id_, at, told.pop("status", 200), client=HTTPX, length=20_000)
    path = f"/private/org-{'A' * 24}/user-B/{picture}"
    gone = ("paid", "fields")
    record |= {"method": "GET", "path": path, "operation": "", "usd": 0.0, "call": ""}
    reason = told.pop("reason", "")
    error = {"reason": reason, "message": "", "code": "AuthenticationFailed"} if reason else None
    return (
        {k: v for k, v in record.items() if k not in gone} | {"fields": {}, "error": error} | told
    )


def journal(*requests: Told, downloads: Sequence[Told] = (), open_: Sequence[Told] = ()) -> Journal:
    """A journal of these."""
    return Journal.of({"requests": requests, "downloads": downloads, "open": open_})


def found(
    *requests: Told,
    downloads: Sequence[Told] = (),
    open_: Sequence[Told] = (),
    around: Surroundings = ONLY_A_JOURNAL,
    but: Sequence[str] = (),
) -> dict[str, Finding]:
    """The findings by id, but for some that a test is not about; each is there once."""
    seen = journal(*requests, downloads=downloads, open_=open_)
    findings = judged(seen, around, ignore=but)
    assert len({f.id for f in findings}) == len(findings), findings
    return {f.id: f for f in findings}
