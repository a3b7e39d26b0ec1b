"""The blob store behind picture URLs: it needs no key, and answers XML when it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import formatdate
from hashlib import sha256

from starlette.types import Receive, Scope, Send

from mockserver import gallery
from mockserver.core.errors import BLOB_REFUSED, BLOB_UNREADABLE, BLOB_WINDOW
from mockserver.core.links import LinkError, Window
from mockserver.endpoints import SECOND
from mockserver.wire import Headers, send_bytes
from mockserver.world import World

PNG = "image/png"
XML = "application/xml"


class Blobs:
    """GET /private/{organization}/{user}/{image}: the picture that the URL carries, drawn now."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = self._world.clock.now()
        request_id = _azure_id(scope["exchange"].request_id)
        headers: Headers = [(b"x-ms-request-id", request_id.encode())]
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        try:
            picture = self._world.links.read(path, query, now // SECOND)
        except LinkError as error:
            body = _refusal(request_id, now, error.window)
            headers.append((b"x-ms-error-code", b"AuthenticationFailed"))
            await send_bytes(send, 403, body, XML, headers)
        else:
            headers += [(b"x-ms-blob-type", b"BlockBlob"), (b"content-disposition", b"inline")]
            await send_bytes(send, 200, gallery.png(picture), PNG, headers)


def _refusal(request_id: str, now: int, window: Window | None) -> bytes:
    moment = datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    detail = BLOB_UNREADABLE
    if window:
        times = (window.start, window.expiry, now // SECOND)
        start, expiry, current = (formatdate(t, usegmt=True) for t in times)
        detail = BLOB_WINDOW.format(start=start, expiry=expiry, current=current)
    time = f"{moment}.{now % SECOND // 100:07d}Z"
    return BLOB_REFUSED.format(request_id=request_id, time=time, detail=detail).encode("ascii")


def _azure_id(request_id: str) -> str:
    digits = sha256(request_id.encode()).hexdigest()[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
