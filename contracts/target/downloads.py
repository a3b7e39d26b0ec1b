"""Downloads of pictures, wherever they lie: without the key, and only to where it is safe to go.

The target names the addresses, so they are not trusted: another host is asked over TLS alone, and
none that only this machine or its network has, unless the target itself is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urljoin, urlsplit

from contracts.exchange import Answer, Request
from contracts.target import NotObserved
from contracts.target.line import Line, Place, Silence, addresses_of, place_of

MOST = 64 * 1024 * 1024  # bytes of a picture
_HOPS = 3  # redirects that are followed
Where = Literal["everywhere", "loopback", "private", "nowhere"]
_NAT64 = 0x64FF9B << 96 >> 32  # 64:ff9b::/96, an IPv4 address in its last four bytes


def where(address: str) -> Where:
    """Who can reach an address: everybody, this machine, its network, or nobody who should."""
    found = _innermost(ip_address(address.partition("%")[0]))
    if found.is_loopback:
        return "loopback"
    if found.is_global and not found.is_multicast:
        return "everywhere"
    link = found.is_link_local or found.is_multicast or found.is_unspecified or found.is_reserved
    return "private" if found.is_private and not link else "nowhere"


def _innermost(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address in one of IPv6 that leads there."""
    if isinstance(address, IPv4Address):
        return address
    if address.teredo:
        return address.teredo[1]
    if int(address) >> 32 == _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class Downloads:
    """What may be downloaded for a target.

    Args:
        line: the way there.
        place: the target's.
        elsewhere: whether other hosts may be asked at all.
        never: hosts that cost something, whoever names them.
        look_up: a host's addresses.
    """

    def __init__(
        self,
        line: Line,
        place: Place,
        *,
        elsewhere: bool = True,
        never: Iterable[str] = (),
        look_up: Callable[[Place, float], list[str]] = addresses_of,
    ) -> None:
        self._line, self._place, self._elsewhere = line, place, elsewhere
        self._never, self._look_up = frozenset(never), look_up

    def get(self, url: str, patience: float) -> Answer:
        """What is answered, status 0 if nobody does; redirects are followed as far as they may be.

        Raises:
            NotObserved: it leads to where this run does not go, or nothing came.
        """
        for _ in range(_HOPS + 1):
            answer = self._once(url, patience)
            onward = answer.header("location")
            if answer.status not in (301, 302, 303, 307, 308) or not onward:
                return answer
            url = urljoin(url, onward)
        raise NotObserved(f"a picture's URL leads on more than {_HOPS} times")

    def _once(self, url: str, patience: float) -> Answer:
        try:
            place = place_of(url)
        except ValueError as why:
            reason = f"a picture's URL can't be followed: {why}"
        else:
            reason = ""
        if reason:
            raise NotObserved(reason)
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request, at = Request("GET", path, key="none"), self._allowed(place, patience)
        found = self._line.send(place, request, None, patience, addresses=at, most=MOST)
        match found:
            case Silence("late" | "endless" | "untrusted", told):
                raise NotObserved(f"a picture could not be downloaded from {place.netloc}: {told}")
            case Silence():
                return Answer(0, (), b"")  # its URL is dead
        return found

    def _allowed(self, place: Place, patience: float) -> list[str]:
        """The addresses that may be asked; none for the target's own place, which may be."""
        if place == self._place:
            return []
        asks = self._elsewhere and place.host not in self._never
        at = self._look_up(place, patience) if asks else []
        if why := self._why_not(place, at, patience):
            raise NotObserved(why)
        return at

    def _why_not(self, place: Place, at: list[str], patience: float) -> str:
        homes = {where(address) for address in at}
        if not self._elsewhere:
            return "pictures on another host are not downloaded (--no-downloads)"
        if place.host in self._never:
            return f"a picture's URL leads to {place.host}, which is no host of pictures"
        if not at:
            return f"a picture lies on {place.host}, and there is no such host"
        if homes == {"everywhere"}:
            return "" if place.tls else f"a picture lies on {place.host}, and not behind https"
        own = {where(address) for address in self._look_up(self._place, patience)}
        if homes == own and homes <= {"loopback", "private"}:
            return ""
        return f"a picture's URL leads to {place.host}, an address that is not everybody's"
