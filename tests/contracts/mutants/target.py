"""A target with a defect, and one that is asked the same things only once. Tests nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from hashlib import md5
from itertools import count
from typing import NamedTuple
from urllib.parse import urlsplit

from contracts.exchange import Answer, Exchange, KeyKind, Request
from contracts.target import NotObserved, Target
from tests.contracts.mutants.altering import Defect, is_download


class Wrapped:
    """What a target says of itself, said by what stands before it."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.name, self.base_url, self.day = target.name, target.base_url, target.day
        self.has, self.spent = target.has, target.spent


class Mutated(Wrapped):
    """A target with one defect."""

    def __init__(self, target: Target, defect: Defect) -> None:
        super().__init__(target)
        self._defect = defect

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request to the server with the defect."""
        return self._answered(request, lambda asked: self.target.ask(asked, pays=pays))

    def fetch(self, url: str) -> Exchange:
        """Download a picture from it."""
        return self._answered(download(url), lambda _: self.target.fetch(url))

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move its clock."""
        self.target.move_clock(seconds, key)

    def _answered(self, request: Request, ask: Callable[[Request], Exchange]) -> Exchange:
        made: list[Exchange] = []

        def honestly(asked: Request) -> Answer:
            made.append(ask(asked))
            return made[-1].answer

        answer = sound(request, self._defect(request, honestly))
        return Exchange(request, answer, made[0].began, made[-1].ended)


def download(url: str) -> Request:
    """The request for a picture behind a URL."""
    told = urlsplit(url)
    return Request("GET", f"{told.path}?{told.query}", key="none")


def sound(request: Request, answer: Answer) -> Answer:
    """An answer whose headers are those of its body: an alteration is one defect, not two."""
    true = {"content-length": str(len(answer.body))}
    if is_download(request):
        true["content-md5"] = b64encode(md5(answer.body, usedforsecurity=False).digest()).decode()
    told = tuple((name, true.get(name, value)) for name, value in answer.headers)
    return answer._replace(headers=told)


class Move(NamedTuple):
    """A clock's move."""

    seconds: float
    key: KeyKind


Step = Request | str | Move  # what is asked, the URL that is fetched, or a clock's move
Came = Exchange | NotObserved | None


class Remembered(Wrapped):
    """A target that is asked only once what follows on the same steps of the same trial.

    Where a trial leaves what is known, its steps until there are made again, so that the server is
    in the state that the trial has brought it to. Each answer has a request id of its own, whether
    or not it is remembered.

    Args:
        target: who is asked.
        reset: sets back its clocks.
    """

    def __init__(self, target: Target, reset: Callable[[], object]) -> None:
        super().__init__(target)
        self._reset, self._moved = reset, False
        self._known: dict[tuple[str, tuple[Step, ...]], Came] = {}
        self._trial, self._steps = "", list[Step]()
        self._made = 0  # of the steps, on the server
        self._ids = count()

    def begin(self, trial: str) -> None:
        """What comes now is of this trial."""
        self._trial, self._steps, self._made = trial, [], 0

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request, or remember."""
        return self._exchange(request)

    def fetch(self, url: str) -> Exchange:
        """Download a picture, or remember."""
        return self._exchange(url)

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move the clock, or remember."""
        self._came(Move(seconds, key))

    def seen(self, trial: str) -> list[Exchange]:
        """What was exchanged in a trial."""
        told = (came for (of, _), came in self._known.items() if of == trial)
        return [came for came in told if isinstance(came, Exchange)]

    def _exchange(self, step: Request | str) -> Exchange:
        came = self._came(step)
        assert came is not None
        return _renamed(came, f"req_{next(self._ids):032x}")

    def _came(self, step: Step) -> Exchange | None:
        self._steps.append(step)
        told = (self._trial, tuple(self._steps))
        if told not in self._known:
            if self._moved and not self._made:
                self._reset()
                self._moved = False
            for earlier in self._steps[self._made :]:
                self._known[told] = self._really(earlier)
            self._made = len(self._steps)
        came = self._known[told]
        if isinstance(came, NotObserved):
            raise came
        return came

    def _really(self, step: Step) -> Came:
        try:
            match step:
                case Request():
                    return self.target.ask(step)
                case str():
                    return self.target.fetch(step)
                case Move():
                    self._moved = True
                    self.target.move_clock(*step)
                    return None
        except NotObserved as reason:
            return reason


def _renamed(came: Exchange, request_id: str) -> Exchange:
    """An exchange whose answer has another request id, wherever it tells it."""
    answer, former = came.answer, came.answer.header("x-request-id")
    if not former:
        return came
    told = tuple((name, value.replace(former, request_id)) for name, value in answer.headers)
    body = answer.body.replace(former.encode(), request_id.encode())
    return came._replace(answer=answer._replace(headers=told, body=body))
