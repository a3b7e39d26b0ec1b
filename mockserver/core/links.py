"""A picture's URL: shaped, signed and dated like the real ones, and carrying the picture itself.

Nothing is stored for it. The signature proves shape, not secrecy: its key comes from the seed, so
that URLs survive a restart. Whoever knows the seed, and that of a bare `images-mock` is known, can
sign what no request ever asked for: it is read only if it could have been. Pure: the time is an
argument.
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from mockserver.core.keys import letters
from mockserver.core.picture import MEDIA, Picture, is_possible
from mockserver.facts import LinkFacts, fields

DAY = 86_400  # seconds
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Window(NamedTuple):
    """When a URL is valid, in Unix seconds."""

    start: int
    expiry: int


class LinkError(Exception):
    """A URL that is `malformed`, out of its time (`early`, `expired`) or `altered`.

    `window` is None if it can't be read; `fields` are the query's, decoded.
    """

    def __init__(self, why: str, window: Window | None, fields: Mapping[str, str]) -> None:
        super().__init__(why)
        self.why = why
        self.window = window
        self.fields = fields


class Links:
    """Writes and reads the URLs of one seed."""

    def __init__(self, secret: bytes, facts: LinkFacts) -> None:
        # Copied for each URL: to make one anew costs a request a twentieth of its time.
        self._keyed = hmac.new(secret, digestmod="sha256")
        self._facts = facts

    def signed(self, picture: Picture, organization: str, user: str, created: int) -> str:
        """Path and query, under 2,000 characters, for a picture made at Unix second `created`."""
        payload = _packed(picture)
        image = letters(payload.encode() + created.to_bytes(8, "big"))
        media, ending = MEDIA[picture.format]
        path = f"/private/{organization}/{user}/img-{image}.{ending}"
        unsigned = f"{path}?{_dated(self._facts, created, media)}&mock={payload}"
        signature = self._signature(unsigned).replace("+", "%2B").replace("=", "%3D")
        return f"{unsigned}&sig={signature}"

    def read(self, path: str, query: str, now: int) -> Picture:
        """The picture behind a path and query as they came over the wire, at Unix second `now`.

        What counts are the decoded values: clients sort them (Go), and escape more (httpx) or less
        (yarl) than need be; fields that nobody signed are passed over, as the real store does.

        Raises:
            LinkError: a signed value was altered, is missing or there twice, `now` is outside the
                window, or what it carries is no picture of this server's.
        """
        fields = _signed_fields(query)
        window = _window(fields)
        if window is None or "sig" not in fields:
            raise LinkError("malformed", None, fields)
        if not window.start <= now < window.expiry:
            raise LinkError("early" if now < window.start else "expired", window, fields)
        genuine = self._signature(f"{path}?{_rewritten(fields)}")
        if not hmac.compare_digest(_bytes(fields["sig"]), genuine.encode()):
            raise LinkError("altered", window, fields)
        try:
            picture = _unpacked(fields["mock"])
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ):
            raise LinkError("malformed", None, fields) from None  # another version's, or made up
        if not _is_said_rightly(picture, fields):
            raise LinkError("altered", window, fields)
        return picture

    def _signature(self, unsigned: str) -> str:
        signing = self._keyed.copy()
        signing.update(_bytes(unsigned))
        return b64encode(signing.digest()).decode()


#: What is signed, in the order of the real one; the last field is this project's own.
_SIGNED = (
    *("st", "se", "sp", "sv", "sr", "rscd", "rsct"),
    *("skoid", "sktid", "skt", "ske", "sks", "skv", "mock"),
)


def _signed_fields(query: str) -> dict[str, str]:
    """The decoded values of the signed fields and of the signature; none of what is there twice."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    known = [(name, value) for name, value in pairs if name in _SIGNED or name == "sig"]
    fields = dict(known)
    return fields if len(fields) == len(known) else {}


def _rewritten(fields: Mapping[str, str]) -> str:
    """The query up to the signature, as `signed` wrote it if nothing was altered."""
    values = (quote(_bytes(fields.get(name, "")), safe="/") for name in _SIGNED)
    return "&".join(f"{n}={v}" for n, v in zip(_SIGNED, values, strict=True))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


_VERSION = 2  # of the payload as an object; as a list it has none


def _packed(picture: Picture) -> str:
    """What a URL carries: an object, or the list that it was before there were more options."""
    is_plain = len(picture.images) < 2 and picture.format == "PNG"
    is_listed = is_plain and [k for k, _ in picture.options] == [*fields().by_position]
    text = _compact(_as_list(picture) if is_listed else _as_object(picture))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _as_list(p: Picture) -> list[Any]:
    shown = (p.operation, p.model, p.prompt, p.width, p.height, p.place, p.n)
    options = [value for _, value in p.options]
    scripted = (p.fault, p.download) if p.download else (p.fault,) if p.fault else ()
    image = p.images[0] if p.images else None
    return [*shown, *options, p.digest.hex(), image, p.mask, *scripted]


def _as_object(p: Picture) -> dict[str, Any]:
    told = {name: getattr(p, name) for name in _FIELDS}
    return {"v": _VERSION, **told, "digest": p.digest.hex(), "options": dict(p.options)}


@lru_cache(maxsize=64)
def _unpacked(payload: str) -> Picture:
    """The picture of a signed payload; raises if it is none, however that was signed."""
    padded = payload + "=" * (-len(payload) % 4)
    told = json.loads(urlsafe_b64decode(padded))
    if isinstance(told, list):
        told = _listed(*told)
    told["digest"] = bytes.fromhex(told["digest"])
    told["options"], told["images"] = tuple(told["options"].items()), tuple(told["images"])
    found = Picture(**{name: told[name] for name in _FIELDS})
    if not is_possible(found):
        raise ValueError("no such picture was planned")
    return found


def _is_said_rightly(picture: Picture, fields: Mapping[str, str]) -> bool:
    """Whether a URL's headers are a picture's own: as a page it would be one of this server's."""
    return fields["rsct"] == MEDIA[picture.format][0] and fields["rscd"] == "inline"


def _listed(*told: Any) -> dict[str, Any]:
    """The object of a list."""
    names = fields().by_position
    digest, image, mask, fault, download = (*told[7 + len(names) :], None, None)[:5]
    return {
        **dict(zip(_FIELDS, told[:7], strict=False)),
        "digest": digest,
        "options": dict(zip(names, told[7:], strict=False)),
        "images": [image] if image else [],
        "mask": mask,
        "format": "PNG",
        "fault": fault,
        "download": download,
    }


_FIELDS = [name for name in Picture._fields if name != "partial"]  # of which there are no URLs


def _window(fields: Mapping[str, str]) -> Window | None:
    try:
        return Window(second_of(fields["st"]), second_of(fields["se"]))
    except (KeyError, ValueError):
        return None


def second_of(text: str) -> int:
    """The Unix second of a time as the query has it."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


@lru_cache(maxsize=64)
def _dated(facts: LinkFacts, created: int, media: str) -> str:
    """The query up to this project's own field, in the order of the real one."""
    start, expiry = created - facts.seconds_before, created + facts.seconds_after
    key_start = created - created % DAY
    return (
        f"st={_iso(start)}&se={_iso(expiry)}&sp=r&sv={facts.sv}&sr=b&rscd=inline&rsct={quote(media)}"
        f"&skoid={facts.skoid}&sktid={facts.sktid}&skt={_iso(key_start)}"
        f"&ske={_iso(key_start + DAY)}&sks=b&skv={facts.sv}"
    )


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ")
