"""The pictures that a JSON body refers to. Nothing is fetched: what is not at hand is not there."""

from __future__ import annotations

from base64 import b64decode

from mockserver.core.addresses import PICTURES
from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import inline, settled
from mockserver.core.journal import told_file
from mockserver.core.links import LinkError
from mockserver.core.request import ImageRequest, Source
from mockserver.request.exchange import Exchange
from mockserver.request.world import World

_NO_FILE = (
    "upload it before, with the same API key: POST /v1/files, purpose vision; or let a rule say "
    'which file the id has, as then = { addresses = { "%s" = "the file in base64" } }'
)
_NO_PICTURE = "the file %s is of purpose %s, which is not for pictures (assumed): upload it as %s"
_HINT = (
    "this server fetches nothing: send a data: URL, or let a rule say which file the address has, "
    'as then = { addresses = { "%s" = "the file in base64" } }'
)


async def with_pictures(world: World, exchange: Exchange, request: ImageRequest) -> ImageRequest:
    """A request with the files that it refers to, which the journal then tells like uploads.

    Raises:
        ApiError: one of them is not there, or breaks a rule of the model.
    """
    files = [await _file(world, exchange, source) for source in request.sources]
    end = len(files) - request.has_mask
    found = settled(request, files[:end], files[-1] if request.has_mask else None)
    told = [
        {source.param.rpartition(".")[2]: source.shown, **told_file(file)}
        for source, file in zip(request.sources, files, strict=True)
    ]
    fields = {**exchange.record.fields, "images": told[:end]}
    fields |= {"size": found.size} if "size" in found.filled else {}
    exchange.ask(found, fields | ({"mask": told[-1]} if request.has_mask else {}))
    return found


async def _file(world: World, exchange: Exchange, source: Source) -> bytes:
    file = inline(source)
    if file is None:
        file = _of_rules(exchange, source)
    if file is not None:
        return file
    return await (_kept if source.is_file else _own)(world, exchange, source)


async def _kept(world: World, exchange: Exchange, source: Source) -> bytes:
    """A file that was uploaded before, with the same API key."""
    from mockserver.facts import platform  # few edits name a file
    from mockserver.request.kept_files import file_of

    sandbox, hint = exchange.sandbox, _NO_FILE % source.shown
    if sandbox and (
        item := await file_of(sandbox, source.address, exchange.now(world.clock.now()))
    ):
        taken = platform.table("files")["pictures"]["purposes"]
        if item.value.purpose in taken:
            content: bytes = await item.content.read()
            return content
        hint = _NO_PICTURE % (source.shown, item.value.purpose, taken[0])
    told = {"param": source.param, "file": source.address}
    raise ApiError(Reason.NO_SUCH_FILE, **told, hint=hint)


def _of_rules(exchange: Exchange, source: Source) -> bytes | None:
    """The file that a rule gives to an address; None if none does."""
    rules = exchange.sandbox.rules if exchange.sandbox else ()
    for rule in rules:
        given = dict(rule.then.addresses).get(source.address)
        if given is None or not rule.when.matches(exchange.record.fields):
            continue
        if isinstance(given, int):
            raise ApiError(Reason.NOT_DOWNLOADED, status=given)
        return b64decode(given)
    return None


async def _own(world: World, exchange: Exchange, source: Source) -> bytes:
    """The picture of one of this server's own URLs, by whatever name of the host."""
    path, _, query = source.address.partition("?")
    at, status = path.find(PICTURES), 404
    if at >= 0:
        now = exchange.now(world.clock.now()) // SECOND
        try:
            picture = world.links.read(path[at:], query, now)
        except LinkError as error:
            status = 403 if error.window else status  # without one it is none of this server's
        else:
            if file := await world.files.file(picture):
                return file
    raise ApiError(Reason.NOT_DOWNLOADED, status=status, hint=_HINT % source.shown)
