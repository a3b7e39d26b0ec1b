"""What any store promises of items: files, batches, responses. In memory, the one there is so far."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.files import File, file_item
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.items import CONTENT_BYTES, KINDS, Item
from mockserver.store import Store
from mockserver.store.contents import BLOCK, DISK, IN_MEMORY, Content, Disk
from mockserver.store.memory import FILE_ROOMS, MemoryStore

LARGE = IN_MEMORY + 1
STORES: list[Callable[..., Store]] = [MemoryStore]
stores = pytest.mark.parametrize("store_of", STORES)


def item(name: str, data: bytes = b"x") -> Item:
    return file_item(name, 0, File("vision", name, len(data)), Content(data))


def run(work: Awaitable[Any]) -> Any:
    async def waited() -> Any:
        return await work

    return asyncio.run(waited())


async def names(store: Store, sandbox: str = "a") -> list[str]:
    found = await store.find(sandbox)
    return [one.id for one in await found.items("files")] if found else []


async def filled(store: Store, *items: Item, sandbox: str = "a") -> None:
    box = await store.sandbox(sandbox)
    for one in items:
        await box.save("files", one)


@stores
def test_what_was_saved_is_found_by_its_id_and_in_the_order_of_saving(
    store_of: Callable[..., Store],
) -> None:
    async def check() -> None:
        store = store_of()
        box = await store.sandbox("a")
        await filled(store, item("1"), item("2"), item("3"))
        assert await names(store) == ["1", "2", "3"]
        assert (await box.item("files", "2")) == (await box.items("files"))[1]
        assert await box.item("batches", "2") is None
        await box.drop("files", "2")
        await box.drop("files", "2")
        assert await names(store) == ["1", "3"]

    run(check())


@stores
def test_another_state_of_an_item_takes_its_place(store_of: Callable[..., Store]) -> None:
    async def check() -> None:
        store = store_of()
        await filled(store, item("1"), item("2"), item("1", b"longer"))
        assert await names(store) == ["1", "2"]
        found = await (await store.sandbox("a")).item("files", "1")
        assert found
        assert found.content.whole() == b"longer"

    run(check())


@stores
def test_ids_are_counted_in_each_sandbox_and_never_given_again(
    store_of: Callable[..., Store],
) -> None:
    async def check() -> None:
        store = store_of()
        one, other = await store.sandbox("a"), await store.sandbox("b")
        assert [await one.next_number() for _ in range(3)] == [1, 2, 3]
        assert await other.next_number() == 1
        await one.forget(only=["files"])
        assert await one.next_number() == 4

    run(check())


@stores
def test_the_oldest_make_room_and_what_never_fits_is_not_kept(
    store_of: Callable[..., Store],
) -> None:
    async def check() -> None:
        store = store_of(file_bytes=10)
        await filled(store, *(item(str(n), b"xxxx") for n in range(4)))
        assert await names(store) == ["2", "3"]
        await filled(store, item("huge", b"x" * 11))
        assert await names(store) == []

    run(check())


@stores
def test_all_sandboxes_have_a_bound_and_the_last_one_keeps_its_own(
    store_of: Callable[..., Store],
) -> None:
    async def check() -> None:
        store = store_of(file_bytes=10)
        sandboxes = [str(n) for n in range(FILE_ROOMS + 2)]
        for sandbox in sandboxes:
            await filled(store, item("f", b"x" * 10), sandbox=sandbox)
        kept = [s for s in sandboxes if await names(store, s)]
        assert kept == sandboxes[2:]

    run(check())


@stores
@pytest.mark.parametrize("end", ["renew", "forget", "drop"])
def test_nothing_of_a_file_is_left_where_it_goes(store_of: Callable[..., Store], end: str) -> None:
    async def check() -> None:
        gc.collect()  # what earlier tests have left
        store, before = store_of(), DISK.used
        await filled(store, item("f", b"x" * LARGE))
        assert DISK.used - before == 5 * BLOCK
        box = await store.sandbox("a")
        match end:
            case "renew":
                await store.renew("a", Options())
            case "forget":
                await box.forget(only=["files"])
            case _:
                await box.drop("files", "f")
        del box
        gc.collect()
        assert await names(store) == []
        assert DISK.used == before

    run(check())


@stores
def test_small_contents_take_a_bounded_part_of_memory(store_of: Callable[..., Store]) -> None:
    async def check() -> None:
        store = store_of()
        count = CONTENT_BYTES // IN_MEMORY + 8
        await filled(store, *(item(str(n), b"%d" % (n % 10) * IN_MEMORY) for n in range(count)))
        found = await (await store.sandbox("a")).items("files")
        assert len(found) == count
        assert sum(one.content.in_memory for one in found) <= CONTENT_BYTES
        assert all(one.content.whole()[:1] == b"%d" % (int(one.id) % 10) for one in found)

    run(check())


def test_memory_that_others_need_is_made_of_contents_before_anything_is_lost() -> None:
    async def check() -> None:
        store = MemoryStore(state_bytes=60_000)
        await filled(store, item("f", b"x" * 50_000))
        await filled(store, item("g", b"x" * 40_000), sandbox="b")
        assert await names(store) == ["f"]
        found = await (await store.sandbox("a")).item("files", "f")
        assert found
        assert (found.content.in_memory, found.content.size) == (0, 50_000)
        assert found.content.whole() == b"x" * 50_000

    run(check())


# -- whatever happens ----------------------------------------------------------------------------

sizes = st.sampled_from([0, 1, 10, 300, 2_000])
steps = st.one_of(
    st.tuples(st.just("save"), st.sampled_from("abc"), st.integers(0, 5), sizes),
    st.tuples(st.just("drop"), st.sampled_from("abc"), st.integers(0, 5), sizes),
    st.tuples(st.sampled_from(["forget", "renew"]), st.sampled_from("abc"), st.just(0), sizes),
)


@settings(max_examples=40)
@given(st.lists(steps, max_size=30), st.integers(400, 4_000), st.integers(5_000, 60_000))
def test_bytes_are_counted_exactly_after_any_sequence(
    asked: list[tuple[str, str, int, int]], room: int, state: int
) -> None:
    async def check() -> None:
        store = MemoryStore(file_bytes=room, state_bytes=state)
        for what, name, number, size in asked:
            box = await store.sandbox(name)
            match what:
                case "save":
                    await box.save(KINDS[number % 3], item(str(number), b"x" * size))
                case "drop":
                    await box.drop(KINDS[number % 3], str(number))
                case "forget":
                    await box.forget(only=["files", "batches"])
                case _:
                    await store.renew(name, Options())
            await _check_counted(store, room)

    with (
        patch("mockserver.store.contents.IN_MEMORY", 500),
        patch("mockserver.store.tables.CONTENT_BYTES", 1_500),
    ):
        run(check())


async def _check_counted(store: MemoryStore, room: int) -> None:
    stored = memory = 0
    for box in await store.sandboxes():
        for kind in KINDS:
            found = await box.items(kind)
            assert sum(one.content.size for one in found) <= room
            stored += sum(one.content.size for one in found)
            memory += sum(one.size + one.content.in_memory for one in found)
    assert store.rooms[""].files.taken == stored
    assert store.rooms[""].tally.taken == memory + sum(
        box.size - sum(shelf.size for shelf in box._tables.items._shelves.values())  # type: ignore[attr-defined]
        for box in [*(await store.sandboxes()), await store.everyone()]
    )


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=70), max_size=8), st.integers(0, 400), st.integers(0, 90))
def test_a_content_has_the_bytes_that_were_written_wherever_they_are(
    pieces: list[bytes], start: int, length: int
) -> None:
    with (
        patch("mockserver.store.contents.IN_MEMORY", 60),
        patch("mockserver.store.contents.BLOCK", 16),
        patch("mockserver.store.contents.DISK", type(DISK)()),
    ):
        content, whole = Content(), b""
        for piece in pieces:
            content.append(piece)
            whole += piece
            assert content.whole() == whole
        assert content.piece(start, length) == whole[start : start + length]
        content.spill()
        assert content.in_memory == 0
        assert content.whole() == whole


class _Collecting(Disk):
    """Python collects other contents while one is written."""

    gone: Sequence[list[int]] = ()

    def _given(self) -> int:
        for blocks in self.gone:
            self.take_back(blocks)
        return super()._given()


def test_a_content_may_be_collected_in_the_middle_of_a_step_of_the_disk() -> None:
    disk, gone, there = _Collecting(), list[int](), list[int]()
    disk.write(gone, 0, b"gone")
    disk.gone = [gone]
    step = Thread(target=disk.write, args=(there, 0, b"there"), daemon=True)
    step.start()
    step.join(60)
    assert not step.is_alive()
    assert disk.read(there, 0, 5) == b"there"
    assert disk.used == BLOCK
    disk.take_back(there)
    assert disk.used == 0
