"""Keep tests away from the real API, whatever HTTP library they use. Opens no connection itself.

Python tells its audit hooks of every name that it looks up and every address that it connects to.
A hook can't be taken away again, so there is one for the process, and it asks whoever is on duty.
Libraries that look names up outside Python are wrapped when they are imported.
"""

from __future__ import annotations

import os
import sys
from functools import wraps
from threading import local
from typing import TYPE_CHECKING

from mockserver.client.environment import ADDRESS, AZURE_ADDRESS, is_of_azure
from mockserver.core.addresses import API

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Protocol

#: Raised by `images-mock contract` before and after it connects: the host that was named, or "".
_TARGET = "images_mock.contract_target"
_EVENTS = frozenset(
    (
        _TARGET,
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.sendmsg",
        "socket.sendto",
    )
)
#: Where names are looked up in C: module → class, and those of its methods that take a host.
_OUTSIDE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "aiodns": ("DNSResolver", ("getaddrinfo", "gethostbyname", "query", "query_dns")),
    "uvloop": (
        "Loop",
        (
            "create_connection",
            "create_datagram_endpoint",
            "getaddrinfo",
            "sock_connect",
            "sock_sendto",
        ),
    ),
}
#: What makes another process, one that may connect without being seen here.
_CHILDREN = frozenset(("os.posix_spawn", "os.system", "subprocess.Popen"))
#: Imported as soon as another process is made unseen, or as C code is there that connects unseen.
_UNSEEN = frozenset(
    (
        "curl_cffi",
        "multiprocessing.popen_forkserver",
        "multiprocessing.popen_spawn_posix",
        "multiprocessing.popen_spawn_win32",
        "pycurl",
    )
)
_MESSAGE = """\
images_mock: {test} was about to reach {host}, and was stopped: a test pays for nothing.
{why}
Fix: {fix}
To let tests reach this host: images_mock_guarded_hosts = "!{host}" in pytest's settings.
To let tests out: --images-mock-guard=off (images_mock_guard = "off" in pytest's settings)."""
_FIX = """\
leave base_url out, or give it images_mock.url (here {url}).
The plugin leads what reads OPENAI_BASE_URL, OPENAI_API_BASE_URL or OPENAI_API_BASE."""
_FIX_OF_AZURE = """\
leave azure_endpoint out, or give it images_mock.address (here {address}).
The plugin leads what reads AZURE_OPENAI_ENDPOINT or AZURE_API_BASE."""
_ELSEWHERE = (
    "Its client has an address of its own, or was made before the plugin had set {variable}."
)


if TYPE_CHECKING:

    class Watch(Protocol):
        """What can go on duty."""

        def check(self, values: Iterable[Any]) -> None:
            """Look at what a call is given that looks a name up or connects; may refuse it."""
            ...

        def expect(self) -> None:
            """Others may connect from now on, unseen."""
            ...


class _Named(local):
    """The host that a run of the contract reaches in this thread, just now."""

    host = ""


_named = _Named()


class _Hosts:
    """Host names; `*.` before one takes all under it."""

    def __init__(self, names: Iterable[str]) -> None:
        told = [*names]
        self._names = frozenset(n for n in told if not n.startswith("*."))
        self._domains = tuple(n[1:] for n in told if n.startswith("*."))

    def __contains__(self, host: str) -> bool:
        return host in self._names or host.endswith(self._domains)


class Guard:
    """Refuses some hosts while a test is watched. What was refused is in `attempts`."""

    def __init__(
        self, hosts: Iterable[str], url: str, why: Callable[[bool], str | None] = lambda _: None
    ) -> None:
        names = [_plain(h) for h in hosts]
        self._guarded = _Hosts(n for n in names if not n.startswith("!"))
        self._spared = _Hosts(n[1:] for n in names if n.startswith("!"))
        self._url = url
        self._why = why  # why a client (of Azure's?) may be led elsewhere, if there is more to say
        self._named = _named  # kept here: a module's names are gone before the interpreter ends
        self._test: str | None = None
        self.attempts: list[str] = []

    def start(self) -> None:
        """Go on duty; nothing is refused until a test is watched."""
        go_on_duty(self)

    def stop(self) -> None:
        """Go off duty."""
        self.rest()
        go_off_duty(self)

    def watch(self, test: str) -> None:
        """From now on refuse what this test, or a thread that lives beside it, is about to do."""
        self.attempts = []
        self._test = test

    def rest(self) -> None:
        """Refuse nothing until the next test."""
        self._test = None

    def check(self, values: Iterable[Any]) -> None:
        """Refuse a guarded host among the arguments of a call.

        Raises:
            pytest.fail.Exception: there is one. No Exception, so that no library tries again.
        """
        __tracebackhide__ = True
        if self._test is None:
            return
        for value in values:
            host = _host(value)
            if host and host != self._named.host and self._refuses(host):
                message = self._message(host)
                self.attempts.append(message)
                import pytest  # here: an audit hook keeps all that its module has to the last

                raise pytest.fail.Exception(message)

    def _refuses(self, host: str) -> bool:
        return host in self._guarded and host not in self._spared

    def _message(self, host: str) -> str:
        of_azure = is_of_azure(host)
        fix, variable = (_FIX_OF_AZURE, AZURE_ADDRESS[0]) if of_azure else (_FIX, ADDRESS[0])
        why = self._why(of_azure) or _ELSEWHERE.format(variable=variable)
        fix = fix.format(url=self._url, address=self._url.removesuffix(API))
        return _MESSAGE.format(test=self._test, host=host, why=why, fix=fix)

    def expect(self) -> None:
        """Nothing: other processes are not guarded."""


def _host(value: Any) -> str | None:
    """The host in an argument: a name, or the first part of an address."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, bytes | bytearray):
        value = value.decode("latin-1")
    return _plain(value) if isinstance(value, str) else None


def _plain(name: str) -> str:
    """A host name as all its spellings have it."""
    if not name.isascii():  # full-width letters lead to the same host
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return name
    return name.lower().rstrip(".")


_on_duty: list[Watch] = []
_hooked: list[bool] = []


def go_on_duty(watch: Watch) -> None:
    """From now on tell it what this process is about to do."""
    _on_duty.append(watch)
    _hook_once()
    if _importer not in sys.meta_path:
        sys.meta_path.insert(0, _importer)
    for name in _OUTSIDE.keys() & sys.modules.keys():
        _wrap(sys.modules[name])
    if _UNSEEN & sys.modules.keys():
        watch.expect()


def go_off_duty(watch: Watch) -> None:
    """Tell it nothing more."""
    _on_duty.remove(watch)
    if not _on_duty and _importer in sys.meta_path:
        sys.meta_path.remove(_importer)


def _hook_once() -> None:
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_audit)
        if hasattr(os, "register_at_fork"):  # afterwards: a thread at a fork is warned of
            os.register_at_fork(after_in_parent=_expect)


def _expect() -> None:
    for watch in _on_duty:
        watch.expect()


# The defaults outlive this module's names, which are gone before the interpreter ends. They also
# keep this short: it is called some twenty times for each import, 0.1 us each.
def _audit(
    event: str,
    arguments: tuple[Any, ...],
    events: frozenset[str] = _EVENTS,
    children: frozenset[str] = _CHILDREN,
    unseen: frozenset[str] = _UNSEEN,
    on_duty: Sequence[Watch] = _on_duty,
    target: str = _TARGET,
    named: _Named = _named,
) -> None:
    __tracebackhide__ = True
    if event in events:
        if event == target:
            named.host = _plain(arguments[0])
            return
        for watch in on_duty:
            watch.check(arguments)
    elif event in children or (event == "import" and arguments[0] in unseen):
        for watch in on_duty:
            watch.expect()


class _Importer:
    """Finds the libraries of `_OUTSIDE` as others do, and wraps them once they are loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _OUTSIDE:
            return None
        others = (f for f in sys.meta_path if f is not self)
        spec = next(filter(None, (f.find_spec(name, path, target) for f in others)), None)
        if spec and spec.loader:
            _wrap_after(spec.loader)
        return spec


_importer = _Importer()


def _wrap_after(loader: Any) -> None:
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        load(module)
        _wrap(module)

    loader.exec_module = exec_module


def _wrap(module: ModuleType) -> None:
    """Let whoever is on duty see what this module's methods are asked for; once a process."""
    kind, methods = _OUTSIDE[module.__name__]
    known = getattr(module, kind, None)
    for name in methods:
        method = getattr(known, name, None)
        if method is not None and not hasattr(method, "__wrapped__"):
            setattr(known, name, _guarded(method))


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def ask_first(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        for watch in _on_duty:
            watch.check((*arguments, *named.values()))
        return method(*arguments, **named)

    return ask_first
