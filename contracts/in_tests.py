"""The contract in a user's own tests: what the fixture `images_contract` is. Starts no server."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from time import time  # noqa: TID251 - answers tell the time at which they were made
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contracts.checks.every import Fetch, Judge, complaint
from contracts.checks.headers import Ids
from contracts.clients import exchange_of, host_of
from contracts.exchange import Exchange
from contracts.target import NotObserved

if TYPE_CHECKING:
    from schemathesis.schemas import BaseSchema


class ImagesContract:
    """The promises of the API on a day, for answers of any server, got by any client.

    Args:
        day: whose API; None is the default day's, with some models as they are today.
        base_url: the server that `schema` asks.
        api_key: the key that it sends.
    """

    def __init__(self, day: date | None, base_url: str, api_key: str) -> None:
        self.day = day
        self._base_url, self._authorization = base_url, f"Bearer {api_key}"
        self._ids = Ids()

    @cached_property
    def schema(self) -> BaseSchema:
        """What `schemathesis.pytest.from_fixture` wants: the document, with checks and files."""
        from contracts.cases.hooks import register
        from contracts.cases.schema import schema_of

        register()
        schema = schema_of(self.day)
        schema.config.update(
            base_url=self._base_url, headers={"Authorization": self._authorization}
        )
        return schema

    def judge(self, response: Any) -> None:
        """Hold an answer to the contract: a picture's URL is asked, too, if it is of its server.

        Args:
            response: of requests, httpx, httpx2; or the official SDK's raw response.

        Raises:
            AssertionError: a promise is broken. It names each, and what was seen in its place.
        """
        exchange = exchange_of(response, time())
        judge = Judge(self.day, _from(host_of(response)), self._ids)
        if fault := complaint(judge(exchange)):
            raise AssertionError(fault)


def _from(host: str) -> Fetch:
    """Downloads pictures of one host, and nothing of any other."""

    def fetch(url: str) -> Exchange:
        import requests

        if urlsplit(url).netloc != host:
            raise NotObserved("its pictures lie on another host")
        return exchange_of(requests.get(url, timeout=30), time())

    return fetch
