"""HTML of templates, and the assets beside them. Knows no request and no world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from mockserver.core.answer_headers import Headers
from mockserver.core.texts import shortened

ASSETS = "/_mock/page/assets/"
_FOLDER = Path(__file__).with_name("assets")
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_TYPES |= {".svg": "image/svg+xml"}
#: Nothing of elsewhere, nothing inline, and nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OWN: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
SAFE: Headers = [(b"content-security-policy", POLICY.encode()), *_OWN]
#: Of a picture that is looked at by itself: an SVG is a document, and this one does nothing.
INERT: Headers = [
    (b"content-security-policy", b"default-src 'none'; sandbox; frame-ancestors 'none'"),
    *_OWN,
]

#: In the place of a picture that can't be drawn again, for what it was made from had to go.
GONE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" width="120" height="120">'
    b'<rect x="2" y="2" width="116" height="116" rx="6" fill="#e6d9c8" stroke="#655f7a" '
    b'stroke-width="3" stroke-dasharray="8 6"/><text x="60" y="56" font-family="sans-serif" '
    b'font-size="15" text-anchor="middle" fill="#2c2844">not kept<tspan x="60" dy="20">any more'
    b"</tspan></text></svg>"
)


class Asset(NamedTuple):
    """A file of the page, under a name that changes with its content."""

    name: str
    type: str
    content: bytes


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Every asset, by the name that it has here."""
    found = {}
    for file in sorted(_FOLDER.iterdir()):
        if file.suffix in _TYPES:
            content = file.read_bytes()
            name = f"{file.stem}-{sha256(content).hexdigest()[:10]}{file.suffix}"
            found[file.name] = Asset(name, _TYPES[file.suffix], content)
    return found


def rendered(template: str, context: Mapping[str, Any]) -> bytes:
    """A page."""
    text = _environment().get_template(f"{template}.html").render(context)
    return text.encode("utf-8", "replace")  # JSON can say half a character


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mockserver.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        optimized=False,  # a fifth of what compiling takes, and renders as fast
    )
    made.filters |= {
        "clock": clock,
        "moment": moment,
        "usd": usd,
        "short": shortened,
        "pretty": pretty,
        "kind": kind,
        "is_file": lambda told: isinstance(told, dict) and "sha256" in told,
    }
    made.globals["asset"] = lambda name: ASSETS + assets()[name].name
    return made


def clock(seconds: float) -> str:
    """The time of day, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def moment(seconds: float) -> str:
    """Day and time of day, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def usd(amount: float) -> str:
    """An amount with as many digits as it needs, two at least."""
    whole, _, part = f"{amount:.6f}".rstrip("0").partition(".")
    return f"${whole}.{part:0<2}"


def pretty(value: Any) -> str:
    """A value as JSON, on several lines."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def kind(status: int) -> str:
    """How a status is shown: what went well, what the client did wrong, what the server."""
    return {2: "good", 4: "refused", 5: "failed"}.get(status // 100, "other")
