"""What a program takes for a picture, or for success, that is none.

Only where a test passed and showed no error: who was told of one no journal can know. Pure.
"""

from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import Case, Shown, prompt_of
from mockserver.core.judging.findings import Severity, times
from mockserver.core.judging.of_retries import name_of
from mockserver.core.judging.seen import Seen

_BROKEN = ("picture.truncated", "picture.wrong_size", "picture.wrong_format", "body.base64")
#: What rules make of an answer of status 200 that has no picture, and raises nothing in an SDK.
_EMPTY = (
    *("gateway.200", "body.html", "body.text", "body.error", "body.null", "body.no_pictures"),
    *("body.empty", "pictures.0", "stream.as_json"),
)
_COMPLETED, _STREAM = "completed", "stream: "
_CUT_OFF = ("the last is cut", "the last without its blank line")  # it was sent, and never seen
_LEFT = "the client left"


def error_swallowed(case: Case) -> Iterator[Shown]:
    """Failures of which nobody learned, and after which nothing more was tried."""
    if not case.around.is_silent:
        return
    last = [*(series.tries[-1] for series in case.series), *_downloads_failed(case)]
    found = [(r, None) for r in last if _failed(r) and not _is_seen(case, r)]
    for group in case.by_place(found):
        seen = group[0][0]
        what = name_of(seen) if seen.status >= 400 else "no picture"
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        severity = None if seen.status >= 400 else Severity.WARNING
        asked = [r for r, _ in group]
        yield Shown(f"was answered {what}{more}, and nobody was told", asked, severity)


def _is_seen(case: Case, seen: Seen) -> bool:
    """Whether a test has the answer in its hand, or something was done about it."""
    return case.around.is_by_test(seen.id) or case.is_asked_later(seen)


def _failed(seen: Seen) -> bool:
    if seen.ended == "released":  # the test did not wait for it
        return False
    return seen.status >= 400 or (seen.status == 200 and _has(seen, _EMPTY))


def _has(seen: Seen, effects: Sequence[str]) -> bool:
    return any(effect in effects for effect in seen.effects)


def _downloads_failed(case: Case) -> Iterator[Seen]:
    """Pictures whose last download was refused, and that were not asked for again."""
    for name, downloads in case.fetched.items():
        maker, final = case.makers.get(name), downloads[-1]
        is_refused = final.status >= 400 and final.method == "GET" and not final.ended
        if maker and is_refused:
            yield final


def broken_picture_trusted(case: Case) -> Iterator[Shown]:
    """Pictures that were broken, or other than asked, and nobody minded."""
    if not case.around.is_silent:
        return
    found = [
        (r, next(e for e in r.effects if e in _BROKEN))
        for r in case.asked
        if r.status == 200
        and _has(r, _BROKEN)
        and not _is_noticed(case, r, prompt_of(r))
        and (not r.pictures or _downloaded(case, r))
    ]
    for group in case.by_place(found):
        names = {effect.partition(".")[2].replace("_", " ") for _, effect in group}
        how = " and ".join(sorted(names)).replace("wrong", "of a wrong")
        yield Shown(
            f"took {times(len(group), 'answer')} whose picture was {how}, and nobody noticed",
            [r for r, _ in group],
        )


def _downloaded(case: Case, seen: Seen) -> bool:
    downloads = (one for name in seen.pictures for one in case.fetched.get(name, ()))
    return any(one.method == "GET" and one.status in (200, 206) for one in downloads)


def empty_file_saved(case: Case) -> Iterator[Shown]:
    """Downloads without a byte, after which nobody tried again."""
    if not case.around.is_silent:
        return
    found = []
    for name, downloads in case.fetched.items():
        maker, final = case.makers.get(name), downloads[-1]
        if maker and _is_empty(final) and not _is_noticed(case, final, prompt_of(maker)):
            found.append((maker, final))
    for group in case.by_place(found):
        yield Shown(
            f"took {times(len(group), 'empty download')} for a picture",
            [final for _, final in group],
        )


def _is_empty(download: Seen) -> bool:
    return download.method == "GET" and download.status in (200, 204) and download.length == 0


def _is_noticed(case: Case, seen: Seen, prompt: str) -> bool:
    """Whether a test has an answer in its hand, or the picture was asked for again."""
    return case.around.is_by_test(seen.id) or case.is_asked_later(seen, prompt=prompt)


# -- streams -----------------------------------------------------------------------------------


def stream_not_completed(case: Case) -> Iterator[Shown]:
    """Streams that ended without a picture, and were taken as done."""
    found = [(r, events) for r, events in _unfinished(case) if not _is_own(r, events)]
    for group in case.by_place(found):
        streams = times(len(group), "stream")
        yield Shown(f"took {streams} as done that {_ending(group[0][1])}", [r for r, _ in group])


def _ending(events: Sequence[str]) -> str:
    if _COMPLETED in events:
        return "broke off in the last event"
    return f"ended after {events[-1]}, not completed" if events else "had no event"


def event_trusted_without_type(case: Case) -> Iterator[Shown]:
    """Streams whose last event was of another type, and that were taken as done."""
    found = [(r, events) for r, events in _unfinished(case) if _is_own(r, events)]
    for group in case.by_place(found):
        yield Shown(
            f"took an event of type {group[0][1][-1]!r:.60} for the picture",
            [r for r, _ in group],
        )


def _is_own(seen: Seen, events: Sequence[str]) -> bool:
    """Whether the last event is none of those that the API sends."""
    if not events or events[-1] == _COMPLETED or events[-1].startswith(("partial ", "'")):
        return False
    return "stream.own" in seen.effects or "stream.error" not in seen.effects


def _unfinished(case: Case) -> Iterator[tuple[Seen, Sequence[str]]]:
    """Streams that rules left unfinished, with what was sent; where nobody said so."""
    if not case.around.is_silent:
        return
    for seen in case.asked:
        if seen.status != 200 or not any(e.startswith("stream.") for e in seen.effects):
            continue
        line = next((t for t in reversed(seen.trace) if t.startswith(_STREAM)), "")
        told, _, end = line.removeprefix(_STREAM).partition("; ")
        events = [e for e in told.split(", ") if e != "no event"]
        is_done = _COMPLETED in events and end not in _CUT_OFF
        is_ours = end != _LEFT and not _is_noticed(case, seen, prompt_of(seen))
        if line and not is_done and is_ours:
            yield seen, events
