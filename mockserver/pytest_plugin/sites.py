"""Where in a program a request was made: read from the process's frames as it arrives.

Whoever made it waits just then in its HTTP library: a thread in a read, a task in an await. No
client is wrapped, and nothing is asked of one. Loaded where verdicts are wanted.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import base_events, runners
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from socket import SocketType
from sysconfig import get_paths
from threading import get_ident
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from weakref import ref

import _pytest

import mockserver
from mockserver.core.addresses import in_control

if TYPE_CHECKING:
    from starlette.types import Scope

    from mockserver.core.journal import Record

#: Where what can be awaited has what it awaits itself.
_INNER: Mapping[type, str] = {
    CoroutineType: "cr_await",
    AsyncGeneratorType: "ag_await",
    GeneratorType: "gi_yieldfrom",
}
_MOST = 8  # threads and tasks that are looked through for a socket
_DEEP = 10  # innermost frames in which a client keeps its socket
_INSTALLED = ("site-packages", "dist-packages")
_NAMED = ("self", "sock", "protocol", "stream", "conn", "connection", "transport")
_KEPT_IN = ("_sock", "sock", "_transport", "transport")  # where objects of clients have a socket
#: What runs a loop, and has it in `self` or in `self._loop`. uvloop runs in one of them too.
_RUNNING = (
    base_events.BaseEventLoop.run_forever.__code__,
    base_events.BaseEventLoop.run_until_complete.__code__,
    runners.Runner.run.__code__,
)
_OF_LOOPS = frozenset(code.co_filename for code in _RUNNING)
_PYTEST, _ASYNCIO = "<pytest>", "<asyncio>"  # in the place of names of files: no file of a program
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


class Asker:
    """A thread or a task that may have made a request."""

    __slots__ = ("_coroutine", "_inner", "frame", "lines", "port", "task", "who")

    def __init__(
        self, lines: Chain, frame: FrameType | None = None, task: ref[_Task] | None = None
    ) -> None:
        self.lines = lines  # where it is
        self.frame = frame  # the innermost one; of a task that waits none
        self.task = task
        self.port = 0  # of the socket with which it waits, once that is known
        self.who = 0  # which one it is, as long as it lives
        self._coroutine: Any = None
        self._inner: Any = None

    def waits_in(self, coroutine: Any) -> Self:
        """Note the coroutine of the task that is in an await."""
        self._coroutine, self._inner = coroutine, getattr(coroutine, "cr_await", None)
        return self

    @property
    def still_waits(self) -> bool:
        """Whether it is in that await still: then all is as it was."""
        return self._inner is not None and self._coroutine.cr_await is self._inner

    def holds(self, port: int) -> bool:
        """Whether its innermost frames have a socket in hand that is bound to a port."""
        if self.port:
            return self.port == port
        task = self.task() if self.task else None
        frames = _frames(task) if task else _outwards(self.frame)
        found = any(_is_at(value, port) for value in _in_hand(islice(frames, _DEEP)))
        if found and task:
            self.port = port
        return found


class Files(dict[str, str | None]):
    """What the files of code objects are called in a report.

    None is one of a library's; what is further out than pytest's has called a test.

    It asks the disk once for each file.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        names = ("stdlib", "platstdlib")
        others = [Path(p) for name, p in get_paths().items() if name in names]
        others += [own := Path(mockserver.__file__).parent, own.with_name("contracts")]
        self._of_pytest = f"{Path(_pytest.__file__).parent}/"
        self._others = tuple(f"{p}/" for p in {*others, *(p.resolve() for p in others)})

    def __missing__(self, file: str) -> str | None:
        found = self[file] = None if file[:1] == "<" else self._named(Path(file))
        return found

    def own(self, code: CodeType) -> str | None:
        """What the file of the program's own code is called; None if it is somebody else's."""
        found = self[code.co_filename]
        return None if found in (_PYTEST, _ASYNCIO) else found

    def _named(self, path: Path) -> str | None:
        path = path.absolute()
        if str(path).startswith(self._of_pytest):
            return _PYTEST
        if str(path) in _OF_LOOPS:
            return _ASYNCIO
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


_NOBODY: tuple[Callable[[], _Task | None], Asker] = (lambda: None, Asker(()))


class Sites:
    """Where the requests of one test were made, by their ids.

    Args:
        files: whose files they are.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.clear()

    def clear(self) -> None:
        """Forget all: another test begins."""
        self._found: list[tuple[Record, Chain, int]] = []
        #: By the id of each that waited.
        self._tasks: dict[int, tuple[Callable[[], _Task | None], Asker]] = {}

    @property
    def by_id(self) -> dict[str, Chain]:
        """Those that are known. A request may have got its id after it had arrived."""
        return {record.id: chain for record, chain, _ in self._found}

    @property
    def askers(self) -> dict[str, int]:
        """Which thread or task asked, where that is known."""
        return {record.id: who for record, _, who in self._found if who}

    def arrived(self, record: Record, scope: Scope) -> None:
        """Note where a request was made that has just arrived; in the server's thread."""
        client = None if in_control(scope["path"]) else scope.get("client")
        with suppress(Exception):  # an odd object of a client's is no reason to refuse a request
            # Again where it was not found: the client may have moved on while it was looked for.
            found = client and (self._asker_of(client[1]) or self._asker_of(client[1]))
            if found:
                self._found.append((record, *found))

    def _asker_of(self, port: int) -> tuple[Chain, int] | None:
        """The lines that led to the request of the client that has this port of this machine.

        And which thread or task it is; 0 where several may be it. None where several wait, in
        several places, and it can't be told which it is.
        """
        if not _can_look():
            return None
        own, askers, begun = get_ident(), list[Asker](), list[Chain]()
        for thread, frame in sys._current_frames().items():
            if thread != own:
                askers += self._askers(frame, begun, thread)
        waiting = [a for a in askers if a.lines]
        chains = [a.lines for a in waiting] or begun
        if len({*chains}) <= 1:
            return (chains[0], waiting[0].who if len(waiting) == 1 else 0) if chains else None
        if len({lines[0] for lines in chains}) == 1:  # in whatever ways they came there
            return chains[0][:1], 0
        sure = [a for a in askers if a.port == port]
        tried = (a for a in waiting if not a.port)
        of_port = (a for a in (*sure, *islice(tried, _MOST)) if a.holds(port))
        return next(((a.lines, a.who) for a in of_port), None)

    def _askers(self, frame: FrameType, begun: list[Chain], thread: int) -> Iterator[Asker]:
        """What may have asked in a thread: itself, or a task of the loop that runs in it.

        Where that loop was begun is put into `begun`.
        """
        lines, files = list[Site](), self._files
        outer: FrameType | None = frame
        while outer is not None:
            code = outer.f_code
            file = files[code.co_filename]
            if file is None:  # most are: this loop is most of what it all costs
                outer = outer.f_back
                continue
            if file == _PYTEST:
                break
            if file == _ASYNCIO:
                if loop := _loop_in(outer, code):
                    around = self._lines(_outwards(outer.f_back))
                    begun += [around] if around else []
                    yield from self._of_loop(loop, Asker(tuple(lines), frame))
                    return
            else:
                lines.append(Site(file, outer.f_lineno or code.co_firstlineno))
            outer = outer.f_back
        asker = Asker(tuple(lines), frame)
        asker.who = thread
        yield asker

    def _lines(self, frames: Iterable[FrameType]) -> Chain:
        named = ((self._files.own(f.f_code), f) for f in frames)
        return tuple(Site(file, f.f_lineno or 0) for file, f in named if file)

    def _of_loop(self, loop: _Loop, running: Asker) -> Iterator[Asker]:
        """The tasks of a loop: those that wait, and the one that is at work, if one is."""
        current = asyncio.current_task(loop)
        known = {t: self._of_task(t) for t in asyncio.all_tasks(loop) if t is not current}
        if current:
            known[current], running.who = running, id(current)
        if not all(a.lines for a in known.values()):
            parents = {t: a.lines for o, a in known.items() if a.lines for t in _awaited(o)}
            for task, asker in known.items():
                asker.lines = asker.lines or parents.get(task, ())
        return iter(known.values())

    def _of_task(self, task: _Task) -> Asker:
        """A task that waits."""
        is_of, known = self._tasks.get(id(task), _NOBODY)
        if is_of() is task and known.still_waits:
            return known
        coroutines = [*_awaiting(task.get_coro())]
        own = [c for c in coroutines if self._files.own(_code(c))]
        lines = self._lines(f for c in own[::-1] if (f := _frame(c)))
        asker = Asker(lines, None, ref(task))
        asker.who = id(task)
        self._tasks[id(task)] = ref(task), asker.waits_in(own[-1] if own else task.get_coro())
        return asker


def _awaited(task: _Task) -> Iterable[_Task]:
    """The tasks for which one waits: a single one, or several by `gather` or a `TaskGroup`."""
    future = getattr(task, "_fut_waiter", None)
    found = [future, *getattr(future, "_children", ())]
    for frame in _frames(task)[:1]:
        found += _part(frame.f_locals.get("self"), "_tasks") or ()
    return [t for t in found if isinstance(t, asyncio.Task)]


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _can_look() -> bool:
    """Whether no other thread runs while frames are read: without a common lock they change."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _loop_in(frame: FrameType, code: CodeType) -> _Loop | None:
    """The loop that runs in a frame, if one does."""
    if not any(code is one for one in _RUNNING):
        return None
    runner = frame.f_locals.get("self")
    found = getattr(runner, "_loop", runner)
    return found if isinstance(found, _Loop) else None


def _awaiting(awaited: Any) -> Iterator[Any]:
    """A coroutine, or another generator, and what it awaits, the outermost first."""
    while awaited is not None:
        inner = _INNER.get(type(awaited))
        if inner is None:
            return
        yield awaited
        awaited = getattr(awaited, inner)


def _code(coroutine: Any) -> CodeType:
    code: CodeType = getattr(coroutine, f"{_INNER[type(coroutine)][:2]}_code")
    return code


def _frame(coroutine: Any) -> FrameType | None:
    frame: FrameType | None = getattr(coroutine, f"{_INNER[type(coroutine)][:2]}_frame")
    return frame


def _frames(task: _Task) -> list[FrameType]:
    """The frames of a task that waits, the innermost first."""
    return [f for c in [*_awaiting(task.get_coro())][::-1] if (f := _frame(c))]


def _in_hand(frames: Iterable[FrameType]) -> Iterable[Any]:
    """What may be a client's connection among the variables of frames, each once."""
    found = dict[int, Any]()
    for frame in frames:
        local = frame.f_locals
        found |= {id(local[name]): local[name] for name in _NAMED if name in local}
    return found.values()


def _is_at(value: Any, port: int) -> bool:
    """Whether a value is, or has, a socket with this port."""
    if isinstance(value, SocketType):
        return _port(value) == port
    own, kind = getattr(value, "__dict__", ()), type(value)
    held = [_part(value, n) for n in _KEPT_IN if n in own or hasattr(kind, n)]  # or a slot
    return any(_port(one) == port for one in held if one is not None)


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
