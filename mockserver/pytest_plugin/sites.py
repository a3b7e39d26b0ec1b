"""Where in a program a request was made: read from the process's frames as it arrives.

Whoever made it waits just then in its HTTP library: a thread in a read, a task in an await. No
client is wrapped, and nothing is asked of one. Loaded where verdicts are wanted.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import base_events, runners
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from socket import SocketType
from sysconfig import get_paths
from threading import get_ident
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import mockserver
from mockserver.core.addresses import in_control

if TYPE_CHECKING:
    from starlette.types import Scope

    from mockserver.core.journal import Record

_DEEP = 6  # innermost frames in which a client keeps its socket
_INSTALLED = ("site-packages", "dist-packages")
_KEPT_IN = ("_sock", "sock", "_transport", "transport")  # where objects of clients have a socket
#: What runs a loop, and has it in `self` or in `self._loop`. uvloop runs in one of them too.
_RUNNING = {
    function.__name__: function.__code__
    for function in (
        base_events.BaseEventLoop.run_forever,
        base_events.BaseEventLoop.run_until_complete,
        runners.Runner.run,
    )
}
_Loop = asyncio.AbstractEventLoop
_Task = asyncio.Task[Any]


class Site(NamedTuple):
    """A line of a program."""

    file: str  # from pytest's rootdir, if it is below it, with slashes
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


#: The lines that are nobody's library, from a request outwards. An empty one is nowhere.
Chain = tuple[Site, ...]


class Asker(NamedTuple):
    """A thread or a task that may have made a request."""

    lines: Chain  # where it is
    innermost: list[FrameType]  # its frames, the innermost first


class Files:
    """Which files are the program's, or its tests', and not a library's. Asks the disk once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        names = ("stdlib", "platstdlib")
        others = [Path(p) for name, p in get_paths().items() if name in names]
        others += [Path(mockserver.__file__).parent]
        others += [Path(m.__file__).parent for m in _of_pytest() if m.__file__]
        self._others = tuple(f"{p}/" for p in {*others, *(p.resolve() for p in others)})
        self._shown: dict[str, str | None] = {}

    def shown(self, file: str) -> str | None:
        """What the file of a code object is called in a report; None if it is a library's."""
        try:
            return self._shown[file]
        except KeyError:
            found = self._shown[file] = None if file[:1] == "<" else self._named(Path(file))
            return found

    def _named(self, path: Path) -> str | None:
        path = path.absolute()
        installed = [i for i, part in enumerate(path.parts) if part in _INSTALLED]
        if installed:
            return self._source(Path(*path.parts[installed[-1] + 1 :]))
        if str(path).startswith(self._others):
            return None
        below = path.is_relative_to(self._root)
        return (path.relative_to(self._root) if below else path).as_posix()

    def _source(self, module: Path) -> str | None:
        """The source in the project of what is installed: tox installs the program itself."""
        for place in (module, "src" / module):
            if len(module.parts) > 1 and (self._root / place).is_file():
                return place.as_posix()
        return None


def _of_pytest() -> list[Any]:
    return [m for name in ("_pytest", "pluggy") if (m := sys.modules.get(name))]


class Sites:
    """Where the requests of one test were made, by their ids.

    Args:
        files: whose files they are.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._found: list[tuple[Record, Chain]] = []

    def clear(self) -> None:
        """Forget all: another test begins."""
        self._found = []

    @property
    def by_id(self) -> dict[str, Chain]:
        """Those that are known. A request may have got its id after it had arrived."""
        return {record.id: chain for record, chain in self._found}

    def arrived(self, record: Record, scope: Scope) -> None:
        """Note where a request was made that has just arrived; in the server's thread."""
        client = None if in_control(scope["path"]) else scope.get("client")
        with suppress(Exception):  # an odd object of a client's is no reason to refuse a request
            if client and (chain := self.chain_of(client[1])):
                self._found.append((record, chain))

    def chain_of(self, port: int) -> Chain:
        """The lines that led to the request of the client that has this port of this machine.

        None where several wait, in several places, and it can't be told which it is.
        """
        if not _can_look():
            return ()
        own, askers, begun = get_ident(), list[Asker](), list[Chain]()
        for thread, frame in sys._current_frames().items():
            if thread != own:
                askers += self._askers(frame, begun)
        chains = [a.lines for a in askers if a.lines] or begun
        if len({*chains}) <= 1:
            return next(iter(chains), ())
        if len({lines[0] for lines in chains}) == 1:  # in whatever ways they came there
            return chains[0][:1]
        return next((a.lines for a in askers if a.lines and _holds(a.innermost, port)), ())

    def _askers(self, frame: FrameType, begun: list[Chain]) -> Iterator[Asker]:
        """What may have asked in a thread: itself, or a task of the loop that runs in it.

        Where that loop was begun is put into `begun`.
        """
        lines, innermost, shown = list[Site](), list[FrameType](), self._files.shown
        outer: FrameType | None = frame
        while outer is not None:
            code = outer.f_code
            # By the name first: to compare code objects takes as long as all the rest.
            if code.co_name in _RUNNING and (loop := _loop_in(outer, code)):
                around = self._lines(_outwards(outer.f_back))
                begun += [around] if around else []
                yield from self._of_loop(loop, Asker(tuple(lines), innermost))
                return
            if len(innermost) < _DEEP:
                innermost.append(outer)
            if file := shown(code.co_filename):
                lines.append(Site(file, outer.f_lineno or code.co_firstlineno))
            outer = outer.f_back
        yield Asker(tuple(lines), innermost)

    def _lines(self, frames: Iterable[FrameType]) -> Chain:
        named = ((self._files.shown(f.f_code.co_filename), f) for f in frames)
        return tuple(Site(file, f.f_lineno or 0) for file, f in named if file)

    def _of_loop(self, loop: _Loop, running: Asker) -> Iterator[Asker]:
        """The tasks of a loop: those that wait, and the one that is at work just now, if one is."""
        current = asyncio.current_task(loop)
        known = {t: self._of_task(t) for t in asyncio.all_tasks(loop) if t is not current}
        if current:
            known[current] = running
        for task, asker in known.items():
            yield asker._replace(lines=asker.lines or _of_parent(task, known))

    def _of_task(self, task: _Task) -> Asker:
        frames = [*_frames(task.get_coro())][::-1]
        return Asker(self._lines(frames), frames[:_DEEP])


def _of_parent(task: _Task, known: Mapping[_Task, Asker]) -> Chain:
    """Where another task waits for one in which nothing but libraries is, alone or with others."""
    for other, asker in known.items():
        if asker.lines and other is not task and _awaits(other, asker, task):
            return asker.lines
    return ()


def _awaits(other: _Task, asker: Asker, task: _Task) -> bool:
    awaited = getattr(other, "_fut_waiter", None)
    if awaited is task or task in getattr(awaited, "_children", ()):  # of `gather`
        return True
    group = asker.innermost[0].f_locals.get("self") if asker.innermost else None
    return task in (_part(group, "_tasks") or ())  # of a `TaskGroup`


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _can_look() -> bool:
    """Whether no other thread runs while frames are read: without a common lock they change."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _loop_in(frame: FrameType, code: CodeType) -> _Loop | None:
    """The loop that runs in a frame, if one does."""
    if code is not _RUNNING[code.co_name]:
        return None
    runner = frame.f_locals.get("self")
    found = getattr(runner, "_loop", runner)
    return found if isinstance(found, _Loop) else None


def _frames(awaited: Any) -> Iterator[FrameType]:
    """The frames of a coroutine, and of what it awaits, the outermost first."""
    while awaited is not None:
        for of in ("cr", "ag", "gi"):
            if frame := getattr(awaited, f"{of}_frame", None):
                yield frame
                inner = "yieldfrom" if of == "gi" else "await"
                awaited = getattr(awaited, f"{of}_{inner}", None)
                break
        else:
            return


def _holds(frames: list[FrameType], port: int) -> bool:
    """Whether the innermost frames have a socket in hand that is bound to a port."""
    return any(_is_at(value, port) for f in frames for value in [*f.f_locals.values()])


def _is_at(value: Any, port: int) -> bool:
    """Whether a value is, or has, a socket with this port."""
    return any(_port(one) == port for one in (value, *map(partial(_part, value), _KEPT_IN)))


def _part(value: Any, name: str) -> Any:
    """An attribute, where it is there without asking: a mock has all that it is asked for."""
    try:
        return object.__getattribute__(value, name)
    except Exception:
        return None


def _port(held: Any) -> int | None:
    with suppress(Exception):  # closed meanwhile, or never bound
        if isinstance(held, SocketType):
            return int(held.getsockname()[1])
        if tell := getattr(type(held), "get_extra_info", None):
            return int(tell(held, "sockname")[1])
    return None
