"""Recordings: what a target answered to each case, sanitised, in memory or as a directory of files.

One file a case, its names sorted, so that two recordings can be compared by any tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contracts.compare.sanitised import Sanitiser
from contracts.exchange import Exchange, KeyKind, Request
from contracts.run import LACKING, beyond
from contracts.target import Lost, NotObserved, Target
from contracts.trials import Trial

#: Why nothing is known of what no recording has.
NOT_RECORDED = LACKING["recorded"]
_FORM = 1  # of the files; another one for what older programs can't read
_NO_NAME = re.compile(r"[^\w.,=+-]+")


class Origin(NamedTuple):
    """Where a recording is from."""

    recorded: date
    target: str
    day: date | None  # whose API it was held to; None is the facts' default
    facts: date  # the last day of which the facts that it was made with know
    tool: str  # version


@dataclass(slots=True)
class Case:
    """What one trial asked, and was answered."""

    id: str
    operation: str
    status: int  # that was promised
    branch: str
    origin: Origin
    exchanges: list[Any] = field(default_factory=list)  # as `sanitised` has them, in their order
    references: dict[str, str] = field(default_factory=dict)  # the shapes of ids
    unknown: list[str] = field(default_factory=list)  # fields of which only the shape is kept
    unseen: str = ""  # why there is nothing, or no more

    def as_json(self) -> Any:
        """All of it as a JSON value."""
        kept = {name: getattr(self, name) for name in _KEPT}
        origin = self.origin._asdict() | {
            "recorded": str(self.origin.recorded),
            "day": str(self.origin.day) if self.origin.day else None,
            "facts": str(self.origin.facts),
        }
        return {"form": _FORM, "origin": origin, **kept}

    @classmethod
    def of(cls, value: Any) -> Case:
        """The other way round."""
        told = value["origin"]
        days = {name: told[name] and date.fromisoformat(told[name]) for name in _DAYS}
        return cls(origin=Origin(**told | days), **{name: value[name] for name in _KEPT})


_DAYS = ("recorded", "day", "facts")
_KEPT = (
    *("id", "operation", "status", "branch"),
    *("exchanges", "references", "unknown", "unseen"),
)


class Recorder:
    """A target that keeps what another one answers."""

    def __init__(self, target: Target, origin: Origin, mask: Callable[[str], str] = str) -> None:
        """Take the target, where and when this is, and what takes its key out of a text."""
        self.name, self.base_url, self.day, self.has = (
            target.name,
            target.base_url,
            target.day,
            target.has,
        )
        self.cases: list[Case] = []
        self._target, self._origin, self._mask = target, origin, mask
        self._sanitiser = Sanitiser(target.base_url, mask)

    @property
    def spent(self) -> Decimal:
        """USD that the other one has cost."""
        return self._target.spent

    def begin(self, trial: Trial) -> None:
        """Say whose exchanges are next."""
        case = Case(trial.id, *trial.promise, self._origin)
        self._sanitiser = Sanitiser(self.base_url, self._mask)
        case.references, case.unknown = self._sanitiser.references.shapes, self._sanitiser.unknown
        self.cases.append(case)

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request, and keep what came."""
        return self._kept(lambda: self._target.ask(request, pays=pays))

    def fetch(self, url: str) -> Exchange:
        """Download a picture, and keep its description."""
        return self._kept(lambda: self._target.fetch(url), url)

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move the target's time on."""
        self._target.move_clock(seconds, key)

    def _kept(self, asked: Callable[[], Exchange], url: str = "") -> Exchange:
        case = self.cases[-1]
        try:
            exchange = asked()
        except (NotObserved, Lost) as reason:
            case.unseen = self._mask(str(reason))
            raise
        case.exchanges.append(self._sanitiser.exchange(exchange, url=url))
        return exchange


def recorded(
    trials: Iterable[Trial],
    target: Target,
    origin: Origin,
    mask: Callable[[str], str] = str,
    *,
    tell: Callable[[Trial], object] = bool,
    keep: Callable[[Case], object] = bool,
) -> tuple[list[Case], str]:
    """Try a target with each trial, and keep what it answered, whatever a judge says of it.

    Args:
        trials: in the order in which they are made.
        target: who is asked.
        origin: where and when this is.
        mask: takes keys out of a text.
        tell: called before each trial, for those who watch.
        keep: called after each: what was paid for shall not be lost if a later one fails.

    Returns:
        The cases, and why the recording ended before its end: "" if it did not.
    """
    recorder = Recorder(target, origin, mask)
    for trial in trials:
        tell(trial)
        recorder.begin(trial)
        ended = _tried(trial, recorder, mask)
        keep(recorder.cases[-1])
        if ended:
            return recorder.cases, ended
    return recorder.cases, ""


def _tried(trial: Trial, recorder: Recorder, mask: Callable[[str], str]) -> str:
    """Why no more trials can be made, once this one was."""
    case = recorder.cases[-1]
    if lacking := trial.needs - recorder.has:
        case.unseen = beyond(lacking)
        return ""
    try:
        for _ in trial.judge(recorder):
            pass
    except NotObserved as reason:
        case.unseen = mask(str(reason))
    except Lost as reason:
        return mask(str(reason))
    return ""


def write(case: Case, directory: Path, leave: Callable[[Path, str], object]) -> None:
    """Write what was observed of a case; without an exchange nothing, whatever was there before.

    Args:
        case: of a recording.
        directory: where the files are.
        leave: writes a file, without any key.
    """
    if case.exchanges:
        text = json.dumps(case.as_json(), indent=1, sort_keys=True, ensure_ascii=False)
        leave(directory / _file_of(case.id), f"{text}\n")


def _file_of(name: str) -> str:
    """A file's name, of letters that each system takes; another one for each case."""
    plain = _NO_NAME.sub("-", name).strip("-")
    told = plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:6]}"
    return f"{told}.json"


def read(directory: Path) -> list[Case]:
    """The cases of a directory.

    Raises:
        Lost: there are none, or one can't be read.
    """
    files = sorted(directory.glob("*.json"))
    if not files:
        raise Lost(f"{directory} has no recording: images-mock contract record -o {directory}")
    return [_read(file) for file in files]


def _read(file: Path) -> Case:
    try:
        value = json.loads(file.read_text("utf-8"))
        if value["form"] != _FORM:
            raise Lost(f"{file} is of another version of images-mock: record it anew")
        return Case.of(value)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Lost(f"{file} is no recording: {type(error).__name__} {error}") from None


def public_name(target: str) -> str:
    """An address without what may be secret in it: name, password and parameters."""
    url = urlsplit(target)
    if not url.hostname:
        return target
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.hostname}{port}{url.path}"
