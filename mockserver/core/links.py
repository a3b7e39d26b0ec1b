"""A picture's URL: shaped, signed and dated like the real ones, and carrying the picture itself.

Nothing is stored for it. The signature proves shape, not secrecy: its key comes from the seed, so
that URLs survive a restart. Pure: the time is an argument.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qs

from mockserver.core.keys import letters
from mockserver.core.picture import Picture
from mockserver.facts import LinkFacts

DAY = 86_400  # seconds
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Window:
    """When a URL is valid, in Unix seconds."""

    start: int
    expiry: int


class LinkError(Exception):
    """A URL that was altered or cut, or is out of time. `window` is None if it can't be read."""

    def __init__(self, window: Window | None) -> None:
        super().__init__("expired" if window else "malformed")
        self.window = window


@dataclass(frozen=True, slots=True)
class Links:
    """Writes and reads the URLs of one seed."""

    secret: bytes
    facts: LinkFacts

    def signed(self, picture: Picture, organization: str, user: str, created: int) -> str:
        """Path and query, under 2,000 characters, for a picture made at Unix second `created`."""
        payload = _packed(picture)
        image = letters(payload.encode() + created.to_bytes(8, "big"))
        path = f"/private/{organization}/{user}/img-{image}.png"
        unsigned = f"{path}?{_dated(self.facts, created)}&mock={payload}"
        return f"{unsigned}&sig={self._signature(unsigned)}"

    def read(self, path: str, query: str, now: int) -> Picture:
        """The picture behind a path and query as they came over the wire, at Unix second `now`.

        Raises:
            LinkError: a character was altered or is missing, or `now` is outside the window.
        """
        window = _window(query)
        # Some clients (yarl) decode what need not be escaped; nothing else may differ.
        unsigned, _, signature = query.replace(":", "%3A").rpartition("&sig=")
        genuine = self._signature(f"{path}?{unsigned}")
        if not hmac.compare_digest(_escaped(signature).encode(), genuine.encode()):
            raise LinkError(window)
        if window is None or not window.start <= now < window.expiry:
            raise LinkError(window)
        return _unpacked(parse_qs(query)["mock"][0])

    def _signature(self, unsigned: str) -> str:
        digest = hmac.digest(self.secret, unsigned.encode("utf-8", "surrogatepass"), "sha256")
        return _escaped(b64encode(digest).decode().replace("+", "%2B"))


def _escaped(signature: str) -> str:
    return signature.replace("=", "%3D")


def _packed(p: Picture) -> str:
    shown = (
        p.operation,
        p.model,
        p.prompt,
        p.width,
        p.height,
        p.index,
        p.count,
        p.quality,
        p.style,
    )
    fault = (p.fault,) if p.fault else ()
    text = _compact((*shown, p.digest.hex(), p.image, p.mask, *fault))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _unpacked(payload: str) -> Picture:
    padded = payload + "=" * (-len(payload) % 4)
    fields = json.loads(urlsafe_b64decode(padded))
    fields[9] = bytes.fromhex(fields[9])
    return Picture(*fields)


def _window(query: str) -> Window | None:
    fields = parse_qs(query)
    try:
        start, expiry = (
            datetime.strptime(fields[name][0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            for name in ("st", "se")
        )
    except (KeyError, ValueError):
        return None
    return Window(int(start.timestamp()), int(expiry.timestamp()))


@lru_cache(maxsize=64)
def _dated(facts: LinkFacts, created: int) -> str:
    """The query up to this project's own field, in the order of the real one."""
    start, expiry = created - facts.seconds_before, created + facts.seconds_after
    key_start = created - created % DAY
    return (
        f"st={_iso(start)}&se={_iso(expiry)}&sp=r&sv={facts.sv}&sr=b&rscd=inline&rsct=image/png"
        f"&skoid={facts.skoid}&sktid={facts.sktid}&skt={_iso(key_start)}"
        f"&ske={_iso(key_start + DAY)}&sks=b&skv={facts.sv}"
    )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ")
