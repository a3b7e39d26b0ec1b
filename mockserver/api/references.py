"""The pictures that a JSON body refers to. Nothing is fetched: what is not at hand is not there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mockserver.core.addresses import PICTURES
from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import decoded, inline, settled
from mockserver.core.journal import told_file
from mockserver.core.links import LinkError
from mockserver.core.pieces import LARGE
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
    files = await _files(world, exchange, request.sources)
    end = len(files) - request.has_mask
    found = settled(request, files[:end], files[-1] if request.has_mask else None)
    tell = partial(_told, request.sources, files)
    told = await world.heavy.run(tell) if sum(map(len, files)) > LARGE else tell()
    fields = {**exchange.record.fields, "images": told[:end]}
    fields |= {"size": found.size} if "size" in found.filled else {}
    exchange.ask(found, fields | ({"mask": told[-1]} if request.has_mask else {}))
    return found


def _told(sources: Sequence[Source], files: Sequence[bytes]) -> list[dict[str, Any]]:
    return [
        {source.param.rpartition(".")[2]: source.shown, **told_file(file)}
        for source, file in zip(sources, files, strict=True)
    ]


async def _files(world: World, exchange: Exchange, sources: Sequence[Source]) -> list[bytes]:
    """The file of each; what several refer to is got once."""
    files, known = list[bytes](), dict[tuple[bool, str], bytes]()
    for source in sources:
        is_large = len(source.address) > LARGE
        file = await world.heavy.run(partial(inline, source)) if is_large else inline(source)
        if file is None:
            address = source.is_file, source.address
            if address not in known:
                known[address] = await _file(world, exchange, source)
            file = known[address]
        files.append(file)
    return files


async def _file(world: World, exchange: Exchange, source: Source) -> bytes:
    given = _of_rules(exchange, source)
    if given is None:
        return await (_kept if source.is_file else _own)(world, exchange, source)
    await world.heavy.make_room(exchange, len(given))
    decode = partial(decoded, given)
    return await world.heavy.run(decode) if len(given) > LARGE else decode()


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
            await world.heavy.make_room(exchange, item.content.size)
            content: bytes = await item.content.read()
            return content
        hint = _NO_PICTURE % (source.shown, item.value.purpose, taken[0])
    told = {"param": source.param, "file": source.address}
    raise ApiError(Reason.NO_SUCH_FILE, **told, hint=hint)


def _of_rules(exchange: Exchange, source: Source) -> str | None:
    """The file that a rule gives to an address, in base64; None if none does."""
    rules = exchange.sandbox.rules if exchange.sandbox else ()
    for rule in rules:
        given = dict(rule.then.addresses).get(source.address)
        if given is None or not rule.when.matches(exchange.record.fields):
            continue
        if isinstance(given, int):
            raise ApiError(Reason.NOT_DOWNLOADED, status=given)
        return given
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
                await world.heavy.make_room(exchange, len(file))
                return file
    raise ApiError(Reason.NOT_DOWNLOADED, status=status, hint=_HINT % source.shown)
