"""What is wrong with a request itself, whatever became of it. Pure."""

from collections.abc import Iterator

from mockserver.core.judging.case import Case, Shown
from mockserver.core.judging.findings import times

_NO_MODEL = ("images.vary",)  # operations that have one model


def model_left_out(case: Case) -> Iterator[Shown]:
    """Requests without a model: the API has filled one in, and does so no more."""
    found = [
        (r, r.model) for r in case.asked if "model" in r.filled and r.operation not in _NO_MODEL
    ]
    for group in case.by_place(found):
        asked = [r for r, _ in group]
        yield Shown(f"named no model in {times(len(asked), 'request')}", asked)
