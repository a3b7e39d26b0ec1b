"""Runs with defects, as cheap as can be: only what a defect alters is judged. Tests nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from contracts.exchange import Answer, Request
from contracts.run import run
from contracts.target import Target
from contracts.trials import Trial
from tests.contracts.mutants.altering import Defect
from tests.contracts.mutants.target import Mutated, Remembered


class Found(NamedTuple):
    """What of a run with a defect."""

    says: str  # the promise that is broken
    trial: str  # where that showed
    told: str


class Memory:
    """One honest run, and what of it defects would alter."""

    def __init__(
        self, target: Target, trials: Iterable[Trial], reset: Callable[[], object] = bool
    ) -> None:
        self.trials, self._target = list(trials), Remembered(target, reset)
        self.book = run(self.trials, self._target, tell=self._begin)

    def _begin(self, trial: Trial) -> None:
        self._target.begin(trial.id)

    def found(self, defect: Defect, says: str = "", *, all_of_it: bool = False) -> list[Found]:
        """The broken promises of a server with a defect, until one is that `says` matches."""
        found: list[Found] = []
        for trial in self.trials:
            if self._altered(trial, defect):
                book = run([trial], Mutated(self._target, defect), tell=self._begin)
                causes = book.failures.items()
                found += [Found(says, trial.id, cause.verdict.told) for says, cause in causes]
                if not all_of_it and any(re.search(says, one.says) for one in found):
                    break
        return found

    def _altered(self, trial: Trial, defect: Defect) -> bool:
        """Whether the defect shows in this trial at all."""

        def differs(request: Request, answer: Answer) -> bool:
            asked: list[Request] = []

            def honest(other: Request) -> Answer:
                asked.append(other)
                return answer

            return defect(request, honest) != answer or asked != [request]

        return any(differs(one.request, one.answer) for one in self._target.seen(trial.id))
