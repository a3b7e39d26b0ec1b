"""How else than by its plain address a server is reached, and whom it refused. Opens nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

MOST = 1_000  # hosts that are remembered; of more, those that were asked for first are forgotten
LED = "images_mock.led"  # in a request's scope: the host that the proxy led here, in small letters


class Refused(NamedTuple):
    """A host that somebody wanted to reach through the proxy, and did not."""

    host: str  # with its port, as it was asked for
    times: int
    last: int  # nanoseconds since the epoch


class Access:
    """The other entrances of a running server."""

    def __init__(
        self,
        *,
        https: str | None = None,
        proxy: str | None = None,
        authority: str | None = None,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self.https = https  # an address
        self.proxy = proxy
        self.authority = authority  # the certificate to trust, as PEM
        self.hosts = hosts  # that the proxy leads here
        self._refused: dict[str, Refused] = {}

    @property
    def refused(self) -> list[Refused]:
        """Hosts that were refused, in the order in which they first were."""
        return [*self._refused.values()]

    def refuse(self, host: str, at: int) -> None:
        """Remember that somebody wanted to reach this host."""
        before = self._refused.get(host)
        if before is None and len(self._refused) >= MOST:
            del self._refused[next(iter(self._refused))]
        self._refused[host] = Refused(host, before.times + 1 if before else 1, at)

    def forget(self) -> None:
        """Forget whom it refused."""
        self._refused.clear()

    def as_json(self) -> dict[str, Any]:
        """As the control API tells it."""
        refused = [r._asdict() | {"last": r.last / 1e9} for r in self.refused]
        told = {"https": self.https, "proxy": self.proxy, "authority": self.authority}
        return told | {"hosts": [*self.hosts], "refused": refused}
