"""Every Python process of a test run has this: it tells if a server of ours reaches out.

Python imports it at its start, for `tests/outbound_check.py` puts this directory into PYTHONPATH.
What a test's own clients do in the same process is nobody's business: a server is its thread, what
that starts, and whatever has the server's code on its stack. Light, for each process has it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_EVENTS = frozenset(
    (
        *("socket.connect", "socket.sendto", "socket.sendmsg"),
        *("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"),
        *("socket.getnameinfo", "ftplib.connect", "smtplib.connect", "urllib.Request"),
        *("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"),
        *("os.system", "pty.spawn"),
        "uvloop",  # told below: what it does in C
    )
)
_STARTS = frozenset(("_thread.start_new_thread", "_thread.start_joinable_thread"))
_THREAD = "images-mock"
_ROOMS = ("api", "control", "core", "facts", "pictures", "request", "server", "store", "app.py")
_SERVER = tuple(f"{os.sep}mockserver{os.sep}{room}" for room in _ROOMS)
#: It looks up where it shall listen, and makes the processes that serve together.
_MEANT = (("socket.getaddrinfo", "listening_socket"), ("os.fork", "_fork"))
#: It goes where it is told that its state is.
_OF_STATE = f"{os.sep}store{os.sep}redis_line.py"
_IN_C = (
    *("create_connection", "create_datagram_endpoint", "create_unix_connection", "getaddrinfo"),
    *("getnameinfo", "sock_connect", "sock_sendto", "subprocess_exec", "subprocess_shell"),
)
#: In `sys`: a list that gets every event, of whichever thread, while somebody wants to know.
SEEN = "outbound_seen"
#: In the environment: the file that gets what a server shall not do, a line each.
TOLD = "OUTBOUND_TOLD"


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Look at what this process is about to do."""
    if event in _EVENTS:
        seen = getattr(sys, SEEN, None)
        if seen is not None:
            seen.append((event, arguments))
        found = _server()
        is_meant = found and ((event, found[1]) in _MEANT or found[0].endswith(_OF_STATE))
        if found and not is_meant:
            _tell(f"{event} {arguments!r:.300} by {found[0]}:{found[1]}")
    elif event in _STARTS and _server():
        made = getattr(arguments[0], "__self__", None)  # a thread of `threading`
        if made is not None:
            made.is_of_server = True


def _server() -> tuple[str, str] | None:
    """The file and function of the server that does it; None if somebody else does."""
    frame: FrameType | None = sys._getframe(2)
    name = ""
    while frame:
        name = frame.f_code.co_name
        if any(room in frame.f_code.co_filename for room in _SERVER):
            return frame.f_code.co_filename, name
        frame = frame.f_back
    threading = sys.modules.get("threading")
    here = threading and threading._active.get(threading.get_ident())
    if here and (here.name == _THREAD or hasattr(here, "is_of_server")):
        return here.name, name
    return None


def _tell(line: str) -> None:
    told = f"{os.getpid()} {line}\n".encode("utf-8", "backslashreplace")
    path = os.environ.get(TOLD)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if path else 2
    os.write(file, told)
    if path:
        os.close(file)


class _Importer:
    """Has uvloop tell what it is about to do."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "uvloop":
            return None
        sys.meta_path.remove(self)
        specs = (finder.find_spec(name, path, target) for finder in sys.meta_path)
        found: Any = next(filter(None, specs), None)
        if found:
            load = found.loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                for method in _IN_C:
                    setattr(module.Loop, method, _telling(method, getattr(module.Loop, method)))

            found.loader.exec_module = exec_module
        return found


def _telling(name: str, do: Any) -> Any:
    def told(*arguments: Any, **named: Any) -> Any:
        sys.audit("uvloop", name, arguments[1:], named)
        return do(*arguments, **named)

    return told


def _have_threads_told() -> None:
    """As Python does since 3.12."""
    import threading

    start = threading._start_new_thread  # type: ignore[attr-defined]

    def started(function: Any, *arguments: Any) -> Any:
        _hook("_thread.start_new_thread", (function,))
        return start(function, *arguments)

    threading._start_new_thread = started  # type: ignore[attr-defined]


if not hasattr(sys, SEEN):
    setattr(sys, SEEN, None)
    if sys.version_info < (3, 12):
        _have_threads_told()
    sys.addaudithook(_hook)
    sys.meta_path.insert(0, _Importer())
