"""The blob store behind picture URLs: it needs no key, and answers XML when it refuses."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from mockserver.api.faults import Altered, labelled, written
from mockserver.core.answer_headers import Headers
from mockserver.core.blob_errors import (
    BLOB_ALTERED,
    BLOB_NOT_FOUND,
    BLOB_REFUSED,
    BLOB_UNREADABLE,
    BLOB_WRONG_VERB,
    BlobError,
    blob_error_body,
    unequal_detail,
    window_detail,
)
from mockserver.core.downloads import Blob, blob_of, check_conditions, wanted_part
from mockserver.core.durations import SECOND
from mockserver.core.links import LinkError, second_of
from mockserver.core.picture import Picture
from mockserver.core.rules.effects import BODILESS, Reply
from mockserver.core.rules.magic_words import MAGIC
from mockserver.core.rules.parser import rigging
from mockserver.core.rules.precedence import Fired
from mockserver.request.exchange import Exchange
from mockserver.request.world import World

_METHODS = ("GET", "HEAD")
# How every picture's path begins: what begins otherwise was never one.
_PICTURE = re.compile(r"/private/org-([^/]+)/user-[^/]+/img-")
_VERSION = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_GONE = (
    "the upload that this picture is made from is not here: it had to go for others (there is room "
    "for {room:,} bytes of uploads: --upload-cache), its time was over, or the server was restarted"
)
_UNRIGGED = (
    "the rule that this picture's request met says what happens to its downloads, but that is no "
    "longer here: it had to go for others, or the server was restarted"
)
# A plain blob's, as recorded with other accounts (Azure's SDK for JavaScript, 2019-04 to 2021-06).
_PLAIN = (
    ("x-ms-lease-status", "unlocked"),
    ("x-ms-lease-state", "available"),
    ("x-ms-blob-type", "BlockBlob"),
    ("x-ms-server-encrypted", "true"),
)
Fields = tuple[tuple[str, str], ...]


class Blobs:
    """All that is asked under /private/: GET and HEAD of the picture that a URL carries."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        if found := _PICTURE.match(scope["path"]):  # the sandbox stands in the path, for its clock
            exchange.enter(await self._world.store.find(found[1]))
        now, request_id = exchange.now(self._world.clock.now()), azure_id(exchange.record.id)
        try:
            picture = self._asked(scope, exchange, now)
            await self._rig(exchange, picture)
            await self._world.holds.hold_back(exchange, receive)
            status, fields, body = await self._download(scope, exchange, picture)
        except BlobError as error:
            _note(exchange, error)
            status, fields, body = _refusal(error, request_id, now)
        effect = exchange.effect
        told = fields
        if not (effect.reply and effect.reply.gateway):
            told += (("x-ms-request-id", request_id),)
            if status != BLOB_REFUSED.status:  # recorded without it, other refusals with it
                told += (("x-ms-version", _version(scope, exchange)),)
        headers: Headers = [(name.encode(), value.encode("latin-1")) for name, value in told]
        sent = b"" if exchange.record.method == "HEAD" else body
        cut = effect.disconnect
        exchange.record.length = len(sent) if cut is None else min(cut, len(sent))
        altered = Altered(effect, scope, receive, self._world.holds)
        await altered.send_pieces(send, status, labelled(headers, effect), sent)

    def _asked(self, scope: Scope, exchange: Exchange, now: int) -> Picture:
        if exchange.record.method not in _METHODS:
            raise BlobError(BLOB_WRONG_VERB, headers=(("allow", ", ".join(_METHODS)),))
        path, query = scope["path"], scope["query_string"].decode("latin-1")
        return self._picture(path, query, now // SECOND)

    async def _rig(self, exchange: Exchange, picture: Picture) -> None:
        """Find what a rule wants of this download; the first few of a picture are counted."""
        if picture.download is None:
            return
        kept = await self._world.store.kept(picture.download)
        if kept is None:
            exchange.hints.append(_UNRIGGED)
            return
        rule = rigging(kept)
        counted = rule._replace(id=f"{MAGIC}{exchange.record.path}", origin="magic")
        sandbox = exchange.sandbox
        claimed = await sandbox.claim([counted]) if sandbox else [Fired(rule, 1, rule.then)]
        if claimed:
            exchange.note_rules([one._replace(rule=rule) for one in claimed])

    async def _download(
        self, scope: Scope, exchange: Exchange, picture: Picture
    ) -> tuple[int, Fields, bytes]:
        if reply := exchange.effect.reply:
            return _replied(reply)
        query = scope["query_string"].decode("latin-1")
        content = await self._world.files.file(picture)
        if content is None:
            exchange.hints.append(_GONE.format(room=self._world.config.upload_cache))
            raise BlobError(BLOB_NOT_FOUND, why="upload_gone")
        signed = parse_qs(query)
        blob = blob_of(content, self._made(signed["st"][0]))
        check_conditions(exchange.header, blob)
        # A range is a matter of GET alone (RFC 9110, 14.2); Azure's Get Blob Properties has none.
        part = wanted_part(exchange.header, blob) if exchange.record.method == "GET" else None
        status, fields, body = _whole(blob) if part is None else _part(blob, part)
        asked = (("content-type", signed["rsct"][0]), ("content-disposition", signed["rscd"][0]))
        return status, (*fields, *asked, *_of(blob), *_PLAIN), body

    def _picture(self, path: str, query: str, now: int) -> Picture:
        """The picture of a URL: its signature first, then whether there is such a thing.

        A URL that lost its whole query is a cut one like any other (assumed: that body was never
        captured; Azure's users meet 404 ResourceNotFound or 409 PublicAccessNotPermitted).
        """
        if not query and not _PICTURE.match(path):
            raise BlobError(BLOB_NOT_FOUND)
        try:
            return self._world.links.read(path, query, now)
        except LinkError as error:
            window = error.window
            if error.why == "altered":
                detail = unequal_detail(path, error.fields)
                raise BlobError(BLOB_ALTERED, detail, why=error.why) from None
            detail = window_detail(window.start, window.expiry, now) if window else BLOB_UNREADABLE
            raise BlobError(BLOB_REFUSED, detail, why=error.why) from None

    def _made(self, start: str) -> int:
        """The Unix second in which a picture was made, from the start of its URL's window."""
        return second_of(start) + self._world.facts.link.seconds_before


def _version(scope: Scope, exchange: Exchange) -> str:
    """Without a version of its own a request runs as the one that its URL names in `sv`.

    Source: learn.microsoft.com, "Versioning for the Azure Storage services".
    """
    named = parse_qs(scope["query_string"].decode("latin-1")).get("sv", [""])[0]
    return named if _VERSION.fullmatch(named) else exchange.era.facts.link.sv


def _note(exchange: Exchange, error: BlobError) -> None:
    """Tell log and journal why; that a client's copy is still good is no refusal."""
    words = error.words
    if words.status < 400:
        return
    exchange.refused = f"{words.code}({error.why})" if error.why else words.code
    exchange.record.refuse(exchange.refused, error.detail or words.message, words.code)


def _replied(reply: Reply) -> tuple[int, Fields, bytes]:
    """The answer of a rule in place of the store's own."""
    body, content_type = written(reply)
    length = () if reply.status in BODILESS else (("content-length", str(len(body))),)
    kind = (("content-type", content_type),) if body else ()
    return reply.status, (*length, *kind), body


def _whole(blob: Blob) -> tuple[int, Fields, bytes]:
    length = ("content-length", str(len(blob.content)))
    return 200, (length, ("content-md5", blob.md5)), blob.content


def _part(blob: Blob, part: range) -> tuple[int, Fields, bytes]:
    fields = (
        ("content-length", str(len(part))),
        ("content-range", f"bytes {part.start}-{part.stop - 1}/{len(blob.content)}"),
        ("x-ms-blob-content-md5", blob.md5),  # of the whole: Azure's Get Blob
    )
    return 206, fields, blob.content[part.start : part.stop]


def _of(blob: Blob) -> Fields:
    return (
        ("last-modified", blob.last_modified),
        ("accept-ranges", "bytes"),
        ("etag", blob.etag),
        ("x-ms-creation-time", blob.last_modified),
    )


def _refusal(error: BlobError, request_id: str, now: int) -> tuple[int, Fields, bytes]:
    words = error.words
    fields = (*error.headers, ("x-ms-error-code", words.code))
    if words.status == 304:
        return words.status, fields, b""
    body = blob_error_body(error, request_id, now)
    form = (("content-length", str(len(body))), ("content-type", "application/xml"))
    return words.status, (*form, *fields), body


def azure_id(request_id: str) -> str:
    """An id as Azure's services give them, for one of this server's."""
    digits = sha256(request_id.encode()).hexdigest()[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
