"""Batches: what makes one, what its file has to be, and the states it goes through. Runs nothing.

A batch is worked on when somebody looks at it. How many of its lines are done by then, the
sandbox's clock says: all of them, where a batch takes no time; else as many as of its time is over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from mockserver.core.decoding import finite, no_constant
from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.ids import object_id
from mockserver.core.keys import Caller
from mockserver.core.parameters import check_text, in_body
from mockserver.core.pieces import has_too_many_values
from mockserver.facts.files import typed
from mockserver.facts.platform import Ids, table
from mockserver.facts.values import Parameter

PURPOSE = "batch"  # of an input file
VALIDATING, IN_PROGRESS, FINALIZING = "validating", "in_progress", "finalizing"
COMPLETED, FAILED, EXPIRED = "completed", "failed", "expired"
CANCELLING, CANCELLED = "cancelling", "cancelled"
_UNDER_WAY = (VALIDATING, IN_PROGRESS, FINALIZING)
#: The states that have a time of their own, in the order in which they are told.
_STAMPS = (IN_PROGRESS, FINALIZING, COMPLETED, FAILED, EXPIRED, CANCELLING, CANCELLED)
_BATCH = 1_500  # bytes of one, without what it was given
_PROBLEM = 400  # bytes of one


class Problem(NamedTuple):
    """Why a batch failed."""

    code: str | None
    message: str
    param: str | None
    line: int | None  # of the input file, from 1 on


class Usage(NamedTuple):
    """The tokens of all lines that were answered."""

    input: int = 0
    output: int = 0
    total: int = 0

    def with_answer(self, body: Any) -> Usage:
        """The same with those of one more answer."""
        told = body.get("usage") if isinstance(body, dict) else None
        if not isinstance(told, dict):
            return self
        kinds = ("input_tokens", "output_tokens", "total_tokens")
        more = [told[kind] if isinstance(told.get(kind), int) else 0 for kind in kinds]
        return Usage(*(was + new for was, new in zip(self, more, strict=True)))


class Batch(NamedTuple):
    """One batch, immutable. Times are nanoseconds of the sandbox's clock."""

    endpoint: str
    input_file_id: str
    created: int
    expires: int
    takes: int  # nanoseconds
    caller: Caller  # whose key its requests have
    metadata: Mapping[str, str] | None = None
    output_expires: int | None = None  # seconds that its files are kept
    status: str = VALIDATING
    stamps: Mapping[str, int] = {}  # by the state that was reached then
    problems: Sequence[Problem] = ()
    model: str = ""
    total: int = 0
    completed: int = 0
    failed: int = 0
    read: int = 0  # bytes of the input file that belong to lines that were run
    line: int = 0  # the number of the last of them
    usage: Usage = Usage()
    output_file_id: str | None = None
    error_file_id: str | None = None

    @property
    def done(self) -> int:
        """How many requests have an answer."""
        return self.completed + self.failed

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status not in (*_UNDER_WAY, CANCELLING)

    @property
    def size(self) -> int:
        """Bytes of memory that it takes."""
        given = sum(len(k) + len(v) for k, v in (self.metadata or {}).items())
        return _BATCH + 4 * given + _PROBLEM * len(self.problems)

    def due(self, now: int) -> int:
        """How many of its requests have an answer by now."""
        over = min(now, self.expires) - self.created
        return self.total if over >= self.takes else self.total * max(0, over) // self.takes

    def has_work(self, now: int) -> bool:
        """Whether something of it is to be done."""
        is_late = now >= self.expires or self.done < self.due(now) or self.done == self.total
        return not self.is_ended and (self.status != IN_PROGRESS or is_late)

    def reached(self, *states: str, now: int) -> Batch:
        """The batch in the last of these states, which it reached now."""
        return self._replace(
            status=states[-1], stamps={**self.stamps, **dict.fromkeys(states, now)}
        )

    def cancelled(self, now: int) -> Batch:
        """The batch once somebody has cancelled it.

        Raises:
            ApiError: it has ended otherwise.
        """
        if self.status in (CANCELLING, CANCELLED):
            return self
        if self.is_ended:
            raise ApiError(Reason.BATCH_ENDED, status=self.status)
        return self.reached(CANCELLING, now=now)

    def beside(self, other: Batch) -> Batch:
        """A state of one that somebody else cancels meanwhile, or works on: it has both."""
        if {self.status, other.status} != {CANCELLING, IN_PROGRESS}:
            return self
        ahead = self if self.done >= other.done else other
        stamps = {**other.stamps, **self.stamps}
        return ahead._replace(status=CANCELLING, stamps=stamps)

    def with_answer(self, answer: Answered) -> Batch:
        """The batch with one more request that has an answer."""
        return self._replace(
            completed=self.completed + answer.is_good,
            failed=self.failed + (not answer.is_good),
            usage=self.usage.with_answer(answer.body) if answer.is_good else self.usage,
        )


class Answered(NamedTuple):
    """What became of one request: an answer, or why there is none."""

    status: int = 0  # 0: none
    request_id: str = ""
    body: Any = None
    error: Mapping[str, str] | None = None

    @property
    def is_good(self) -> bool:
        """Whether it belongs into the output file, and not into that of errors."""
        return self.error is None and self.status < 400


def answer_line(batch_id: str, number: int, custom_id: str, answer: Answered) -> bytes:
    """A line of an output or an error file."""
    response = {
        "status_code": answer.status,
        "request_id": answer.request_id,
        "body": answer.body,
    }
    ids = typed(Ids, table("batches")["line_ids"], "platform/batches.toml, [line_ids]")
    told = {
        "id": object_id(ids, batch_id, "", number),
        "custom_id": custom_id,
        "response": None if answer.error else response,
        "error": answer.error,
    }
    return json.dumps(told).encode() + b"\n"


def unrun(why: str) -> Answered:
    """What becomes of a request that was not run, or has no answer: `expired` or `broken`."""
    return Answered(error=table("batches")["unrun"][why])


# -- what makes one ----------------------------------------------------------------------------


def bounds() -> Any:
    """How much of what a batch may have."""
    return table("batches")["bounds"]


def endpoints() -> Any:
    """Whose requests a batch can have."""
    return table("batches")["endpoints"]


def asked(parameters: Sequence[Parameter], body: Any) -> dict[str, Any]:
    """The values of a body that makes a batch.

    Raises:
        ApiError: the API refuses it.
    """
    found = in_body(parameters, body)
    check_metadata(found["metadata"] or {})
    if (given := found["output_expires_after"]) is not None:
        in_body(_parameters("expiry"), {f"output_expires_after.{k}": v for k, v in given.items()})
    return found


def check_endpoint(endpoint: str) -> None:
    """Refuse an endpoint that this mock runs no requests for."""
    known = endpoints()
    if endpoint in known["served"]:
        return
    told = {"param": "endpoint", "value": endpoint, "allowed": known["served"]}
    if endpoint in known["others"]:
        told |= {"hint": "the API runs batches of it, this mock those of pictures"}
    raise ApiError(Reason.NOT_ONE_OF, **told)


def check_metadata(given: Mapping[str, Any]) -> None:
    """Hold what a client notes of something that is kept to the API's bounds."""
    most = bounds()
    if len(given) > most["properties"]:
        told = {"bound": most["properties"], "length": len(given)}
        raise ApiError(Reason.METADATA_TOO_MANY, **told)
    for name, value in given.items():
        if len(name) > most["name_max"]:
            told = {"bound": most["name_max"], "length": len(name)}
            raise ApiError(Reason.METADATA_NAME, name=name, **told)
        check_text(param := f"metadata.{name}", value)
        if len(value) > most["value_max"]:
            told = {"bound": most["value_max"], "length": len(value)}
            raise ApiError(Reason.METADATA_VALUE, param=param, **told)


def _parameters(rows: str) -> list[Parameter]:
    where = f"platform/batches.toml, {rows}"
    return [typed(Parameter, row, where) for row in table("batches")[rows]]


# -- its file ----------------------------------------------------------------------------------


class Asks(NamedTuple):
    """One line of an input file."""

    custom_id: str
    body: Mapping[str, Any]


def asks(text: bytes) -> Asks:
    """A line that was found right."""
    told = json.loads(text)
    return Asks(told["custom_id"], told["body"])


class InputFile:
    """Holds an input file to the rules, line by line; it remembers the names of all."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._seen: set[str] = set()
        self._parameters = _parameters("line")
        self._without = {m for row in table("batches")["without"] for m in row["models"]}
        self.model = ""  # of the first line that names one
        self.lines = 0

    def check(self, text: bytes) -> str:
        """The model that a line names.

        Raises:
            ApiError: what is wrong with the line.
        """
        self.lines += 1
        line = _json(text)
        in_body(
            self._parameters, {p.name: line[p.name] for p in self._parameters if p.name in line}
        )
        custom_id, body = line["custom_id"], line["body"]
        if custom_id in self._seen:
            raise ApiError(Reason.BATCH_DUPLICATE, custom_id=custom_id)
        self._seen.add(custom_id)
        if line["url"] != self.endpoint:
            raise ApiError(Reason.BATCH_URL)
        if body.get("stream") is True:
            raise ApiError(Reason.BATCH_STREAM, service=endpoints()["names"][self.endpoint])
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise ApiError(Reason.BATCH_NO_MODEL)
        if model in self._without:
            raise ApiError(Reason.BATCH_MODEL, model=model)
        self.model = self.model or model
        if model != self.model:
            raise ApiError(Reason.BATCH_MODELS, model=model)
        return model


def _json(text: bytes) -> dict[str, Any]:
    if has_too_many_values(text):
        raise ApiError(Reason.BATCH_LINE)
    try:
        line = json.loads(text.decode("utf-8-sig"), parse_constant=no_constant, parse_float=finite)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        raise ApiError(Reason.BATCH_LINE)
    return line


# -- how it is told ----------------------------------------------------------------------------


def described(batch_id: str, batch: Batch, day: date) -> dict[str, Any]:
    """A batch as the API tells it on a day."""
    is_new = day >= table("batches")["told"]["usage_since"]
    stamps = {state: _seconds(batch.stamps.get(state)) for state in _STAMPS}
    problems = [
        {"code": p.code, "line": p.line, "message": p.message, "param": p.param}
        for p in batch.problems
    ]
    return {
        "id": batch_id,
        "object": "batch",
        "endpoint": batch.endpoint,
        **({"model": batch.model or None} if is_new else {}),
        "errors": {"object": "list", "data": problems} if problems else None,
        "input_file_id": batch.input_file_id,
        "completion_window": "24h",
        "status": batch.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "created_at": batch.created // SECOND,
        "in_progress_at": stamps[IN_PROGRESS],
        "expires_at": batch.expires // SECOND,
        **{f"{state}_at": stamps[state] for state in _STAMPS[1:]},
        "request_counts": {
            "total": batch.total,
            "completed": batch.completed,
            "failed": batch.failed,
        },
        **({"usage": _usage(batch.usage)} if is_new else {}),
        "metadata": batch.metadata,
    }


def _seconds(stamp: int | None) -> int | None:
    return None if stamp is None else stamp // SECOND


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total,
    }
