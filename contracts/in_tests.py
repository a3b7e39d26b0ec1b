"""The contract in a user's own tests: what the fixture `images_contract` is. Starts no server."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cached_property
from time import time  # noqa: TID251 - answers tell the time at which they were made
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from contracts.checks.asked import asked, model_in
from contracts.checks.every import Fetch, Judge, complaint
from contracts.checks.headers import Ids
from contracts.clients import NoAnswer, exchange_of, host_of
from contracts.document.build import day_in
from contracts.exchange import Answer, Exchange, Request
from contracts.report.words import day_told
from contracts.target import NotObserved
from mockserver.facts import first_day

if TYPE_CHECKING:
    from schemathesis.schemas import BaseSchema


class ImagesContract:
    """The promises of the API on a day, for answers of any server, got by any client.

    Args:
        day: whose API, as 2025-06-15 or "today"; None is the default day's, with some models as
            they are today.
        base_url: the server that `schema` asks.
        api_key: the key that it sends.
    """

    def __init__(self, day: date | str | None, base_url: str, api_key: str) -> None:
        self._day = _read(day)
        self._base_url, self._api_key = base_url, api_key

    def as_of(self, day: date | str | None) -> ImagesContract:
        """The contract of another day."""
        return ImagesContract(day, self._base_url, self._api_key)

    @cached_property
    def schema(self) -> BaseSchema:
        """What `schemathesis.pytest.from_fixture` wants: the document, with checks and files."""
        import contracts.hooks  # noqa: F401 - registers our checks and files
        from contracts.cases.schema import schema_of

        schema = schema_of(self._day)
        headers = {"Authorization": f"Bearer {self._api_key}"}
        schema.config.update(base_url=self._base_url, headers=headers)
        return schema

    def judge(self, response: Any) -> None:
        """Hold an answer to the contract: a picture's URL is asked, too, if it is of its server.

        Args:
            response: of requests, httpx, httpx2; or the official SDK's raw response.

        Raises:
            AssertionError: a promise is broken. It names each, and what was seen in its place.
            TypeError: it is no answer, or one of which not all is known.
        """
        __tracebackhide__ = True
        try:
            found = exchange_of(response, time())
        except NoAnswer as wrong:
            raise wrong.with_traceback(None) from None
        # A sandbox's clock may stand, or be ahead.
        exchange = found._replace(began=found.began - _BEHIND, ended=found.ended + _AHEAD)
        judge = Judge(self._day, _from(host_of(response)), Ids())
        faults = (_unknown(exchange, self._day), complaint(judge(exchange)))
        if fault := "\n".join(filter(None, faults)):
            raise AssertionError(f"{fault}\n{_BY.format(day=day_told(self._day))}")


_BY = "(by the contract of {day}; images_contract.as_of(DAY) is another day's)"
_BEHIND, _AHEAD = 3_600, 10 * 365 * 86_400  # seconds


def _read(day: date | str | None) -> date | None:
    if not isinstance(day, str):
        return day
    if day == "today":
        return datetime.fromtimestamp(time(), UTC).date()
    try:
        return day_in(day)
    except ValueError:
        raise ValueError(
            f"as_of({day!r}) wants today, or a day such as 2025-06-15, from {first_day()} on, when "
            "the API began"
        ) from None


def _unknown(exchange: Exchange, day: date | None) -> str:
    """Why nothing but headers can be judged of an answer that is no refusal; "" if more can."""
    request, status = exchange.request, exchange.answer.status
    if status >= 400:
        return ""
    if status != 200:
        return f"An answer has status 200, or that of a refusal: it is {status}"
    is_list = request.method == "GET" and request.path.startswith("/models")
    if is_list or asked(exchange, day):
        return ""
    model = model_in(request)
    of = f" of the model {model!r:.100}" if model else ""
    what = f"{request.method} {request.path.partition('?')[0]}{of}"  # a query may have keys
    return f"What is answered with 200 is something that the API has: {what} is not"


_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 3  # redirects
_PATIENCE = 30  # seconds


def _from(host: str) -> Fetch:
    """Downloads pictures of one host, and nothing of any other."""

    def fetch(url: str) -> Exchange:
        for _ in range(_HOPS + 1):
            if urlsplit(url).netloc != host:
                raise NotObserved("its pictures lie on another host")
            found = _once(url)
            onward = found.answer.header("location")
            if not onward or found.answer.status not in _REDIRECTS:
                return found
            url = urljoin(url, onward)
        raise NotObserved(f"a picture's URL leads on more than {_HOPS} times")

    return fetch


def _once(url: str) -> Exchange:
    """What is answered, without the password that .netrc has for the host; status 0 is nobody."""
    import requests

    try:
        answer = requests.get(url, timeout=_PATIENCE, allow_redirects=False, auth=lambda sent: sent)
    except requests.Timeout:
        raise NotObserved(f"a picture did not come in {_PATIENCE} s") from None
    except requests.ConnectionError:
        now = time()
        return Exchange(Request("GET", url, key="none"), Answer(0, (), b""), now, now)
    return exchange_of(answer, time())
