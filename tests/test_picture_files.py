"""Pillow's work: never twice for the same picture, never for a client that has left."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mockserver.core.picture import Picture
from mockserver.pictures import files
from mockserver.pictures.files import AT_A_TIME, MADE, PictureFiles
from mockserver.request.bodies import has_left
from mockserver.store.memory import MemoryStore


def picture(index: int) -> Picture:
    return Picture("images.edit", "m", "x", 64, 64, index, 9, bytes(16), images=("address",))


class Work:
    """Stands in for the retouching, and counts; it goes on when `together` are at it."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.at_once = self.most = 0
        self.together = threading.Barrier(1)
        self._lock = threading.Lock()

    def __call__(self, asked: Picture, image: bytes, mask: bytes | None) -> bytes:
        with self._lock:
            self.made.append(asked.place)
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.together.wait(timeout=30)
        with self._lock:
            self.at_once -= 1
        return b"%d" % asked.place


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    found = Work()
    monkeypatch.setattr(files, "_made", found)
    return found


def make(of: PictureFiles, *indices: int) -> list[bytes | None]:
    async def all_of_them() -> list[bytes | None]:
        return await asyncio.gather(*(of.file(picture(i), [b"upload"]) for i in indices))

    return asyncio.run(all_of_them())


def test_a_picture_that_many_ask_for_at_once_is_made_once(work: Work) -> None:
    assert make(PictureFiles(MemoryStore()), *[1] * 10) == [b"1"] * 10
    assert work.made == [1]


def test_no_more_than_two_are_made_at_a_time(work: Work) -> None:
    work.together = threading.Barrier(AT_A_TIME)
    make(PictureFiles(MemoryStore()), *range(6))
    assert work.most == AT_A_TIME


def test_the_last_few_are_kept_by_their_last_use(work: Work) -> None:
    room = PictureFiles(MemoryStore())
    for index in (*range(MADE), 0, MADE, 0):
        make(room, index)
    assert work.made == [*range(MADE + 1)]
    make(room, 1)
    assert work.made[-1] == 1


def test_a_client_that_has_left_is_noticed_and_another_is_not_waited_for() -> None:
    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def there() -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    assert asyncio.run(has_left(gone))
    assert not asyncio.run(has_left(there))
