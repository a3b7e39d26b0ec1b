"""What it takes to judge the journal of a day: 10,000 records, mixed; and as bad as one can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.rows import Row, interleaved, seconds
from mockserver.core.journal import Record
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged

RECORDS = 10_000
ROUNDS = 3
_SANDBOXES = 20
_AIM = "<= 1 s"
Told = dict[str, list[dict[str, Any]]]


def rows() -> Iterator[Row]:
    """Judged from the JSON of a control API or of a file, by the wall clock."""
    for name, told in (("mixed", _mixed()), ("one call, retried by all", _one_call())):
        text = json.dumps(told)
        ours, floor = map(
            min,
            interleaved(
                ROUNDS,
                [
                    lambda told=told: seconds(lambda: judged(Journal.of(told))),  # type: ignore[misc]
                    lambda text=text: seconds(lambda: json.loads(text)),  # type: ignore[misc]
                ],
            ),
        )
        size = sum(map(len, told.values()))
        found = len(judged(Journal.of(told)))
        yield Row(
            f"a journal of {size:,} records judged: {name}",
            "json.loads of it",
            _AIM,
            ours,
            f"{ours:.2f} s",
            f"{floor:.2f} s",
            f"{found} findings",
        )


def _mixed() -> Told:
    """Twenty programs that ask for URLs and get them, in part; are limited, and retry; time out."""
    requests: list[dict[str, Any]] = []
    for i in range(RECORDS * 3 // 4):
        call = f"r{i - i % 5}"
        status = (429, 200, 200, 200, 500, 503, 200, 400, 200, 499)[i % 10]
        told = _record(i, "POST", "/v1/images/generations", status)
        told |= {"operation": "images.generate", "call": call if i % 5 < 2 else told["id"]}
        told |= {"retries": i % 5 if i % 5 < 2 else 0, "usd": 0.04 if status in (200, 499) else 0.0}
        told["fields"] = {"model": "dall-e-3", "prompt": f"fox {i // 7}", "user": f"user-{i % 9}"}
        if status == 200:
            told |= {"pictures": [f"img-{i}.png"], "urls_for": 3600, "paid": "received"}
        elif status == 429:
            told |= {"wait": {"told_ms": 20_000, "sent_ms": 20_000}}
            told["error"] = {"reason": "rate_limited", "message": "", "code": "rate_limit_exceeded"}
            told["trace"] = ["limit 5 a minute: 5 used, 1 more is too many"]
        requests.append(told)
    downloads = [
        _record(i, "GET", f"/private/org-a/user-b/img-{i}.png", 200)
        for i in range(0, 3 * (RECORDS - len(requests)), 3)
    ]
    return {"requests": requests, "downloads": downloads}


def _one_call() -> Told:
    """The same body again and again from one client, refused each time."""
    requests = [
        _record(i, "POST", "/v1/images/generations", 503)
        | {"operation": "images.generate", "fields": {"prompt": "a"}, "call": "r0", "sandbox": "A"}
        for i in range(RECORDS)
    ]
    return {"requests": requests}


def _record(number: int, method: str, path: str, status: int) -> dict[str, Any]:
    record = Record(f"r{number}", 1_795_900_000_000_000_000 + number * 50_000_000, method, path)
    record.status, record.milliseconds, record.client = status, 40, "OpenAI/Python 3.57.0"
    record.sandbox = f"sandbox-{number % _SANDBOXES}"
    return record.as_json()
