"""What a program does with the URLs of pictures. Pure."""

from collections.abc import Iterator, Sequence

from mockserver.core.judging.case import Case, Shown, is_by_hand, prompt_of
from mockserver.core.judging.findings import Severity, span, times
from mockserver.core.judging.seen import Seen

_NEAR = 0.9  # of a URL's time: a slower day ends it
_ALTERED = ("(altered)", "(malformed)")  # ends the reason of such a refusal


def url_kept_too_long(case: Case) -> Iterator[Shown]:
    """URLs used after their end, or shortly before."""
    found = [
        (maker, (age, download))
        for download, maker in _made(case)
        if (age := _age(maker, download)) > maker.urls_for * _NEAR
        and not _is_meant(case, maker, download)
    ]
    for group in case.by_place(found):
        maker, (age, _) = max(group, key=lambda one: one[1][0])
        is_over = age > maker.urls_for
        end = f"it ends after {span(maker.urls_for)}"
        yield Shown(
            f"kept a picture's URL for {span(age)}; {end}",
            [download for _, (_, download) in group],
            None if is_over else Severity.WARNING,
        )


def _made(case: Case) -> Iterator[tuple[Seen, Seen]]:
    """Each download by a program, with the request that made its picture."""
    for name, downloads in case.fetched.items():
        if maker := case.makers.get(name):
            yield from ((one, maker) for one in downloads if not is_by_hand(one))


def _age(maker: Seen, download: Seen) -> float:
    """Seconds by the sandbox's clock that a URL was kept."""
    if not maker.urls_for or maker.standing != download.standing:
        return 0.0
    return download.now - maker.now


def _is_meant(case: Case, maker: Seen, download: Seen) -> bool:
    """Whether a test moved the clock to see just that, or the program got the picture anew."""
    is_moved = download.moved > maker.moved
    if download.status < 400:
        return is_moved
    is_wanted = is_moved and case.around.is_about_errors
    return is_wanted or case.is_asked_later(download, prompt=prompt_of(maker))


def url_altered(case: Case) -> Iterator[Shown]:
    """URLs that were not used as they were told."""
    found = [
        (maker, download)
        for download, maker in _made(case)
        if download.reason.endswith(_ALTERED) and download.method in ("GET", "HEAD")
    ]
    for group in case.by_place(found):
        downloads = [download for _, download in group]
        is_cut = downloads[0].reason.endswith("(malformed)")
        how = "without all of its signed query" if is_cut else "with its signed query changed"
        number = f" ({often} downloads)" if (often := len(downloads)) > 1 else ""
        yield Shown(f"used a picture's URL {how}{number}", downloads)


def url_never_downloaded(case: Case) -> Iterator[Shown]:
    """Answers with URLs of which nobody used any.

    A test of something else than pictures gets none, and its program may: there it counts where
    other pictures were got.
    """
    if case.around.passed is False or (case.around.passed and not case.fetched):
        return
    left = [(r, len(r.pictures)) for r in _linked(case) if not _used(case, r)]
    for group in case.by_place(left):
        pictures = times(sum(number for _, number in group), "picture")
        usd = sum(r.usd for r, _ in group)
        yield Shown(
            f"got {pictures} by URL (${usd:.4g}) and downloaded none", [r for r, _ in group]
        )


def more_than_downloaded(case: Case) -> Iterator[Shown]:
    """Answers with URLs of which some were used, and some not."""
    if case.around.passed is False:
        return
    found = [
        (r, (used, number))
        for r in _linked(case)
        if 0 < (used := _used(case, r)) < (number := len({*r.pictures}))
    ]
    for group in case.by_place(found):
        used, number = (sum(one[1][i] for one in group) for i in (0, 1))
        yield Shown(f"asked for {number} pictures and downloaded {used}", [r for r, _ in group])


def _linked(case: Case) -> Sequence[Seen]:
    """Answers with URLs that arrived; each URL counts for the request that had it last."""
    return [
        r
        for r in case.asked
        if r.pictures
        and r.status == 200
        and r.paid != "lost"
        and not r.ended
        and case.makers[r.pictures[0]] is r
    ]


def _used(case: Case, seen: Seen) -> int:
    """How many of its pictures somebody tried to get: whole or in part."""
    return sum(
        any(one.method == "GET" for one in case.fetched.get(name, ())) for name in {*seen.pictures}
    )
