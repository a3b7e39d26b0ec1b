"""/v1/files: uploads that are kept, and that other requests name."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.api.platform.call import Answer, Call, Download, Handler, new_id
from mockserver.core.errors import ApiError, Reason
from mockserver.core.files import File, asked_seconds, described, expiry, file_item
from mockserver.core.paging import page_of
from mockserver.core.parameters import in_body
from mockserver.core.sandbox.items import Item
from mockserver.core.uploads import Part
from mockserver.facts import platform
from mockserver.request.kept_files import file_of, files_of
from mockserver.request.world import World
from mockserver.store import Sandbox
from mockserver.store.contents import Content, content_of

#: Why there may be none of an id.
MISSING = (
    "this API key has no such file: it is another key's, was deleted, has expired by the sandbox's "
    "clock, went with a reset, or had to make room for newer ones (--file-room)"
)


async def create(call: Call) -> Answer:
    """Keep an upload."""
    form = call.body
    part = form.get("file") if isinstance(form, dict) else None
    if isinstance(part, Part) and not part.is_file:
        form = {name: value for name, value in form.items() if name != "file"}
    given = in_body(call.endpoint.body, form)
    seconds = asked_seconds(given)
    data: bytes = given["file"]
    _check_size(call, len(data))
    name, content = form["file"].filename, await content_of(data)
    item = await keep(call.world, call.sandbox, given["purpose"], name, content, seconds)
    return _told(call, item)


async def keep(
    world: World, sandbox: Sandbox, purpose: str, name: str, content: Content, seconds: int | None
) -> Item:
    """Keep a new file: for so many seconds, or as long as files of its purpose are kept."""
    now, day = sandbox.now(world.clock.now()), world.day(sandbox, "today")
    until = expiry(purpose, now, platform.on("files", day)["bounds"], seconds)
    file = File(purpose, name, content.size, until)
    item = file_item(await new_id(world, sandbox, "files"), now, file, content)
    await sandbox.save("files", item)
    return item


def _check_size(call: Call, size: int) -> None:
    most, room = call.facts("files")["bounds"]["bytes_max"], call.world.config.file_room
    if not size:
        raise ApiError(Reason.EMPTY_FILE)
    if size > most:
        raise ApiError(Reason.FILE_TOO_LARGE, limit=most, read=size)
    if size > room:
        raise ApiError(Reason.NO_ROOM_FOR_FILE, limit=room, read=size)


def _told(call: Call, item: Item) -> Answer:
    return described(item, call.facts("files")["told"]["fields"])


async def listed(call: Call) -> Answer:
    """A page of the files, the newest first."""
    facts, asked = call.facts("files"), call.asked
    found, purpose = await files_of(call.sandbox, call.now), asked["purpose"]
    if purpose is not None:
        found = [item for item in found if item.value.purpose == purpose]
    order, limit = asked.get("order", "desc"), asked.get("limit", len(found))
    page = page_of(found, limit, order=order, after=asked.get("after"))
    fields = facts["told"]["fields"]
    return page.told(lambda item: described(item, fields), facts["list"]["keys"])


async def retrieve(call: Call) -> Answer:
    """What is known of a file."""
    return _told(call, await _file(call))


async def content(call: Call) -> Answer:
    """A file's bytes."""
    item = await _file(call)
    if item.value.purpose in call.facts("files")["content"]["closed_to"]:
        raise ApiError(Reason.NOT_DOWNLOADABLE, purpose=item.value.purpose)
    return Download(item.content, item.value.filename)


async def delete(call: Call) -> Answer:
    """Keep a file no longer."""
    item = await _file(call)
    await call.sandbox.drop("files", item.id)
    return {"object": "file", "id": item.id, "deleted": True}


async def _file(call: Call) -> Item:
    file_id = call.named("file")
    found = await file_of(call.sandbox, file_id, call.now)
    if found is None:
        raise ApiError(Reason.NO_SUCH_FILE_OBJECT, id=file_id, hint=MISSING)
    return found


HANDLERS: Mapping[str, Handler] = {
    "files.create": create,
    "files.list": listed,
    "files.retrieve": retrieve,
    "files.content": content,
    "files.delete": delete,
}
