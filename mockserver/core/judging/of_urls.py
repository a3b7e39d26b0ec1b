"""What a program does with the URLs of pictures. Pure."""

from collections.abc import Iterator

from mockserver.core.judging.case import Case, Shown, is_by_hand
from mockserver.core.judging.findings import span
from mockserver.core.judging.seen import Seen

_NEAR = 0.9  # of a URL's time: a slower day ends it


def url_kept_too_long(case: Case) -> Iterator[Shown]:
    """URLs used after their end, or shortly before."""
    last = {sandbox: r.at for r in case.asked for sandbox in (r.sandbox,)}
    found = [
        (maker, (download, age))
        for download, maker in _made(case)
        if (age := _age(maker, download)) > maker.urls_for * _NEAR
        and not is_by_hand(download)
        and not (download.status >= 400 and last.get(maker.sandbox, 0) > download.at)
    ]
    for group in case.by_place(found):
        maker, (_, age) = max(group, key=lambda one: one[1][1])
        end = span(maker.urls_for).removesuffix(" minutes")
        verb = "it ends after" if age > maker.urls_for else "which is nearly its end:"
        yield Shown(
            f"kept a picture's URL for {span(age)}; {verb} {end}",
            [*dict.fromkeys(download for _, (download, _) in group)],
        )


def _made(case: Case) -> Iterator[tuple[Seen, Seen]]:
    """Each download with the request that made its picture."""
    for name, downloads in case.fetched.items():
        if maker := case.makers.get(name):
            yield from ((download, maker) for download in downloads)


def _age(maker: Seen, download: Seen) -> float:
    """Seconds by the sandbox's clock that a URL was kept."""
    return download.now - maker.now if maker.urls_for else 0.0
