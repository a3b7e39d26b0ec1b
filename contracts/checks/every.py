"""All that is judged of one exchange, whoever asked for it, and what for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple
from urllib.parse import urlsplit

from contracts.checks.answers import answer, files
from contracts.checks.asked import Asked, asked, facts_of, size_in
from contracts.checks.beside import beside, day_of
from contracts.checks.headers import Ids, discreet, headers
from contracts.checks.layout import layout
from contracts.checks.links import LEADS, download, link, links_in
from contracts.checks.models import listing
from contracts.checks.pictures import pictures
from contracts.checks.refusals import bare, is_text_alone, refusal
from contracts.checks.said import said, unseen
from contracts.checks.streams import indexes, stream
from contracts.document.beside import service_of
from contracts.document.build import bare_404
from contracts.exchange import Exchange
from contracts.target import NotObserved
from contracts.trials import Outcome, Verdict
from mockserver.facts import Facts, load

#: Downloads a picture without the key; raises NotObserved where the run does not go there.
Fetch = Callable[[str], Exchange]


def stays_out(url: str) -> Exchange:
    """Downloads nothing."""
    raise NotObserved(f"{urlsplit(url).netloc} is not asked")


def complaint(verdicts: Iterable[Verdict]) -> str:
    """What is said against an answer: a line for each promise that is broken; "" if none is."""
    told = [f"{v.says}: {v.told}" for v in verdicts if v.outcome == Outcome.BROKEN]
    return "\n".join(dict.fromkeys(told))


class Judge(NamedTuple):
    """Who judges the answers of one run."""

    day: date | None  # whose API; None is the default day's
    fetch: Fetch
    ids: Ids

    def __call__(self, exchange: Exchange) -> Iterator[Verdict]:
        """All that can be said of an exchange but whether its status is the right one."""
        for verdict in self._of(exchange):
            yield verdict if verdict.exchange else verdict._replace(exchange=exchange)

    def _of(self, exchange: Exchange) -> Iterator[Verdict]:
        wanted = asked(exchange, self.day)
        facts = wanted.facts if wanted else self._facts(exchange)
        yield from headers(exchange, facts.headers)
        yield from discreet(exchange)
        yield from self.ids.differ(exchange)
        status = exchange.answer.status
        yield said("No answer is a fault of the server's own", status < 500, f"{status}")
        if status >= 400:
            yield from self._refused(exchange)
        elif status == 200 and wanted:
            yield from self._pictures(exchange, wanted)
        elif status == 200:
            yield from listing(exchange, self.day)
            yield from beside(exchange, self.day)

    def _refused(self, exchange: Exchange) -> Iterator[Verdict]:
        found = exchange.answer
        if found.status == 404 and not found.body and self._may_be_bare(exchange):
            yield from bare(found)
            return
        if service_of(exchange.request.path) == "organization" and is_text_alone(found):
            return
        yield from refusal(found)
        yield from layout(found, (2, 4), ("", "\n"))

    def _facts(self, exchange: Exchange) -> Facts:
        """Those that count for what asks for no pictures."""
        if service_of(exchange.request.path):
            return load(day_of(self.day, exchange))
        return facts_of(self.day, None, exchange.began)

    def _may_be_bare(self, exchange: Exchange) -> bool:
        facts = self._facts(exchange)
        return any(bare_404(facts, service) for service in facts.words)

    def _pictures(self, exchange: Exchange, wanted: Asked) -> Iterator[Verdict]:
        if wanted.is_streamed and wanted.offer.streamed:
            yield from stream(exchange, wanted, wanted.offer.streamed)
            if wanted.n == 1:
                yield from indexes(exchange, wanted.offer.streamed)
            return
        yield from answer(exchange, wanted)
        told = exchange.answer.json()
        items = told.get("data") if isinstance(told, dict) else None
        if not isinstance(items, list):
            return
        if wanted.field == "url":
            for item in items:
                yield from link(item.get("url") if isinstance(item, dict) else None, wanted)
            yield from self._linked(links_in(exchange.answer), wanted)
            return
        found = [*files(items)]
        yield from (one for one in found if isinstance(one, Verdict))
        size = size_in(told.get("size"))
        yield from pictures([one for one in found if isinstance(one, bytes)], wanted, size)

    def _linked(self, urls: list[str], wanted: Asked) -> Iterator[Verdict]:
        """Of many the first and the last: each is as large as the others, and takes as long."""
        files = []
        for url in urls[:1] + urls[1:][-1:]:
            try:
                found = self.fetch(url)
            except NotObserved as reason:
                yield unseen(LEADS, str(reason))
                continue
            yield from (v._replace(exchange=found) for v in download(found, wanted))
            if found.answer.status == 200:
                files.append(found.answer.body)
        yield from pictures(files, wanted)
