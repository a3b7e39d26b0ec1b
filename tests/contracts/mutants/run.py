"""Runs with defects, as cheap as can be: only what a defect alters is judged. Tests nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from contracts.book import Failure
from contracts.exchange import Answer, Request
from contracts.run import BROKEN, exit_code, run
from contracts.target import Target
from contracts.trials import Trial, Verdict
from tests.contracts.mutants.altering import Defect
from tests.contracts.mutants.target import Mutated, Remembered

_ANEW = (".life", ".pages", ".of-another")


class Found(NamedTuple):
    """A promise that a server with a defect broke."""

    says: str
    trial: str  # where that showed
    told: str


class Memory:
    """An honest run, and what a defect would make of it.

    Args:
        target: an honest one.
        trials: what it is tried with.
        reset: sets back its clocks.
    """

    def __init__(
        self, target: Target, trials: Iterable[Trial], reset: Callable[[], object]
    ) -> None:
        self.trials, self._target = list(trials), Remembered(target, reset)
        self._judged: dict[str, set[str]] = {trial.id: set() for trial in self.trials}
        self.book = run(map(self._watched, self.trials), self._target, tell=self._begin)

    def _watched(self, trial: Trial) -> Trial:
        """A trial that keeps which sentences it judges."""

        def judge(target: Target) -> Iterator[Verdict]:
            for verdict in trial.judge(target):
                self._judged[trial.id].add(verdict.says)
                yield verdict

        return trial._replace(judge=judge)

    def _begin(self, trial: Trial) -> None:
        self._target.begin(trial.id)

    def found(self, defect: Defect, says: str) -> list[Found]:
        """The promises that a server with a defect breaks, until one is that `says` matches.

        Trials that judge such a promise come first, to be fast. A run that goes on would break
        more promises, and ends with the same exit code.
        """
        is_sought, found = re.compile(says).search, list[Found]()
        for trial in sorted(
            self.trials, key=lambda one: not any(map(is_sought, self._judged[one.id]))
        ):
            if self._alters(defect, trial):
                found += self._broken(defect, trial)
                if any(is_sought(one.says) for one in found):
                    break
        return found

    def _broken(self, defect: Defect, trial: Trial) -> list[Found]:
        # What a trial has made has another id each time: of that nothing can be remembered.
        target = self._target.target if trial.id.endswith(_ANEW) else self._target
        book = run([trial], Mutated(target, defect), tell=self._begin)
        if exit_code(book) != BROKEN:
            return []
        return [Found(says, trial.id, _told(cause)) for says, cause in book.failures.items()]

    def _alters(self, defect: Defect, trial: Trial) -> bool:
        """Whether a defect shows in a trial at all."""

        def shows(request: Request, answer: Answer) -> bool:
            asked: list[Request] = []

            def honest(other: Request) -> Answer:
                asked.append(other)
                return answer

            return defect(request, honest) != answer or asked != [request]

        return any(shows(one.request, one.answer) for one in self._target.seen(trial.id))


def _told(failure: Failure) -> str:
    """What was seen in its place."""
    return next(told for here in failure.sights.values() for told in here)
