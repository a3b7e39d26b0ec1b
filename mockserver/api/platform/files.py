"""/v1/files: uploads that are kept, and that other requests name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.api.platform.call import Call, Handler, Reply
from mockserver.clock import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.sandbox.items import Item
from mockserver.core.uploads import Part
from mockserver.store.contents import Content

_OBJECT = 600  # bytes of one beside its content


async def create(call: Call) -> Reply:
    """Keep an upload."""
    form = await call.body()
    file, purpose = form.get("file"), form.get("purpose")
    if not isinstance(file, Part) or not isinstance(purpose, Part):
        raise ApiError(Reason.MISSING_PARAMETER, param="file" if not file else "purpose")
    content = Content(file.data)
    value = {"purpose": purpose.data.decode(), "filename": "upload", "bytes": content.size}
    item = Item(await call.new_id("files"), call.now, value, _OBJECT + content.in_memory, content)
    await call.sandbox.save("files", item)
    return Reply(described(item))


def described(item: Item) -> dict[str, Any]:
    """A file as the API tells it."""
    return {
        "object": "file",
        "id": item.id,
        "purpose": item.value["purpose"],
        "filename": item.value["filename"],
        "bytes": item.value["bytes"],
        "created_at": item.at // SECOND,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }


async def listed(call: Call) -> Reply:
    """All files, the newest first."""
    found = await call.sandbox.items("files")
    return Reply({"object": "list", "data": [*map(described, reversed(found))], "has_more": False})


async def retrieve(call: Call) -> Reply:
    """What is known of a file."""
    return Reply(described(await _file(call)))


async def content(call: Call) -> Reply:
    """A file's bytes."""
    found: Content = (await _file(call)).content
    return Reply(pieces=found.sent(), length=found.size, content_type="application/octet-stream")


async def delete(call: Call) -> Reply:
    """Keep a file no longer."""
    found = await _file(call)
    await call.sandbox.drop("files", found.id)
    return Reply({"object": "file", "id": found.id, "deleted": True})


async def _file(call: Call) -> Item:
    return await call.kept("files", call.named("file"), Reason.NO_SUCH_FILE_OBJECT)


HANDLERS: Mapping[str, Handler] = {
    "files.create": create,
    "files.list": listed,
    "files.retrieve": retrieve,
    "files.content": content,
    "files.delete": delete,
}
