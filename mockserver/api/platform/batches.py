"""/v1/batches: many requests in one file, for half the price. What runs them: `batch_runs`."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.api.platform.batch_runs import let_go, looked_at
from mockserver.api.platform.call import Answer, Call, Handler
from mockserver.clock import SECOND
from mockserver.core import batches as core
from mockserver.core.batches import Batch
from mockserver.core.errors import ApiError, Reason
from mockserver.core.paging import page_of
from mockserver.core.sandbox.items import Item
from mockserver.request.kept_files import file_of
from mockserver.store.contents import Papers


async def create(call: Call) -> Answer:
    """Take an input file on. It is looked into at the first look at the batch."""
    body = core.asked(call.endpoint.body, call.body)
    core.check_endpoint(body["endpoint"])
    file = await file_of(call.sandbox, body["input_file_id"], call.now)
    if file and file.value.purpose != core.PURPOSE:
        raise ApiError(Reason.BATCH_FILE_PURPOSE, purpose=file.value.purpose)
    seconds = call.sandbox.options.batch_time
    expiry = body["output_expires_after"]
    now = call.now
    batch = Batch(
        endpoint=body["endpoint"],
        input_file_id=body["input_file_id"],
        created=now,
        expires=now + core.bounds()["window"] * SECOND,
        takes=round((call.world.config.batch_time if seconds is None else seconds) * SECOND),
        caller=call.caller,
        metadata=body["metadata"],
        output_expires=expiry["seconds"] if expiry else None,
    )
    papers = Papers(file.content if file else None)
    item = Item(await call.new_id("batches"), now, batch, batch.size, papers)
    await call.sandbox.save("batches", item)
    return _told(call, item)


async def listed(call: Call) -> Answer:
    """All batches, the newest first."""
    after, limit = call.asked["after"], call.asked["limit"]
    page = page_of(await call.sandbox.items("batches"), limit, after=after)
    page = page._replace(items=await looked_at(call, page.items))
    return page.told(lambda item: core.described(item.id, item.value, call.day))


async def retrieve(call: Call) -> Answer:
    """A batch as far as it is done by now."""
    return _told(call, *await looked_at(call, [await _batch(call)]))


async def cancel(call: Call) -> Answer:
    """Let a batch end where it stands: what is done by now is kept."""
    item = await _batch(call)
    if item.value.takes:  # else all would be done, and nothing could ever be cancelled
        (item,) = await looked_at(call, [item])
    item = item._replace(value=item.value.cancelled(call.now))
    await call.sandbox.save("batches", item)
    let_go(call, item)
    return _told(call, item)


async def _batch(call: Call) -> Item:
    return await call.kept("batches", call.named("batch"), Reason.NO_SUCH_BATCH)


def _told(call: Call, item: Item) -> Answer:
    return core.described(item.id, item.value, call.day)


HANDLERS: Mapping[str, Handler] = {
    "batches.create": create,
    "batches.list": listed,
    "batches.retrieve": retrieve,
    "batches.cancel": cancel,
}
