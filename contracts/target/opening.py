"""Opens a target by its name: the mock in process, a base URL, or the real API. Judges nothing.

Whoever is not proven to be our own mock may cost money, wherever it is: a gateway on this machine
pays as well.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contracts.discretion import Key
from contracts.target import A_MINUTE, Lost
from contracts.target.bill import bill, lines
from contracts.target.control import Control, reaches_mock, says_mock
from contracts.target.downloads import Downloads, where
from contracts.target.greeting import greet, hello
from contracts.target.http import LIMITED_KEY, HttpTarget, Patience
from contracts.target.ledger import Ledger
from contracts.target.line import Line, Place, place_of, trusting
from contracts.target.mock import NAME, served
from contracts.target.money import Purse
from contracts.trials import Trial
from mockserver.facts.files import file

#: Where the keys come from. OPENAI_API_KEY is never read: nobody pays because it was still there.
KEY_FROM, REAL_KEY_FROM = "IMAGES_CONTRACT_API_KEY", "IMAGES_MOCK_REAL_API_KEY"
#: The control token of a mock that listens beyond loopback.
TOKEN_FROM = "IMAGES_MOCK_CONTROL_TOKEN"  # noqa: S105 - its name
#: The key of who has none.
ANY_KEY, ANY_ADMIN_KEY = "sk-mock-contract", "sk-mock-admin-contract"
#: The keys of who may see what an organization used; none but the one that is meant is read.
ADMIN_KEY_FROM, REAL_ADMIN_KEY_FROM = "IMAGES_CONTRACT_ADMIN_KEY", "OPENAI_ADMIN_KEY"


#: What to tell who does not pay.
_PAY_REAL = "--max-usd X pays for it, up to X"
_PAY = "--paid --max-usd X pays for it, up to X; this is not our own mock"
_PAY_UNPROVEN = (
    "a mock answers at /_mock/, but something passes requests on before they come to it, or it "
    f"wants its control token ({TOKEN_FROM}); --paid --max-usd X pays, up to X"
)


class Terms(NamedTuple):
    """On which terms a target is tried."""

    day: date | None = None
    ca: Path | None = None  # certificates that are trusted, beside the system's
    patience: Patience = Patience()
    cap: int | None = None  # micro-dollars; None: nothing is paid for
    ledger: Path = Path("ledger.sqlite")
    downloads: bool = True  # of pictures on other hosts


@dataclass(frozen=True, slots=True)
class Opening:
    """What a target is opened with.

    Args:
        environment: where keys are read from.
        now: the time, in Unix seconds.
        sleep: waits.
        real: the base URL of the real API.
    """

    environment: Mapping[str, str]
    now: Callable[[], float]
    sleep: Callable[[float], object] = time.sleep
    real: str = field(default_factory=lambda: real_base_url())

    @property
    def keys(self) -> list[Key]:
        """All keys that may be sent: what nobody may be shown, see `discreet`."""
        found = []
        for name in (KEY_FROM, REAL_KEY_FROM, TOKEN_FROM, ADMIN_KEY_FROM, REAL_ADMIN_KEY_FROM):
            with suppress(Lost):
                found += [key for key in (self._key(name),) if key]
        return found

    @contextmanager
    def target(self, name: str, terms: Terms) -> Iterator[HttpTarget]:
        """A target that is there.

        Args:
            name: "mock", "real", or a base URL.
            terms: on which it is tried.

        Raises:
            Lost: nobody is there, or not on these terms. Its text says what to do.
        """
        with ExitStack() as stack:
            if name == "real":
                yield self._account(self.real, terms, stack, _PAY_REAL)
                return
            url = stack.enter_context(served(terms.day)).url if name == "mock" else name.rstrip("/")
            found = self._mock(url, terms, stack, is_ours=name == "mock")
            yield (
                found if isinstance(found, HttpTarget) else self._account(url, terms, stack, found)
            )

    def _mock(self, url: str, terms: Terms, stack: ExitStack, *, is_ours: bool) -> HttpTarget | str:
        """A mock of ours, in a sandbox of this run's; or what to tell who asks what costs money."""
        trusted, given = _checked(url, terms.ca), self._key(KEY_FROM)
        nonce = os.urandom(6).hex()
        key, limited = given or Key(f"{ANY_KEY}-{nonce}"), f"{LIMITED_KEY}-{nonce}"
        tokens = [token for token in (self._key(TOKEN_FROM),) if token]
        admin = self._key(ADMIN_KEY_FROM) if given else Key(f"{ANY_ADMIN_KEY}-{nonce}")
        hidden = (key, *([admin] if admin else []), *tokens)
        line = stack.enter_context(closing(Line(hidden, trusted)))
        if not says_mock(hello(line, url)):
            return _PAY
        if not reaches_mock(line, url, key, *tokens):
            return _PAY_UNPROVEN
        controls = {
            name: Control(line, url, own, *tokens)
            for name, own in (("good", key), ("limited", Key(limited)))
        }
        greet(line, url, key, KEY_FROM, None)
        if given is None:
            controls["good"].begin()
        controls["limited"].limit(A_MINUTE)
        further: dict[str, Any] = {"controls": controls, "limited_key": limited}
        further["admin_key"] = admin
        name = NAME if is_ours else ""
        return self._made(url, terms, line, key, name=name, is_watched=not is_ours, **further)

    def _account(self, url: str, terms: Terms, stack: ExitStack, how: str) -> HttpTarget:
        """A server that may cost money."""
        is_real, trusted = how == _PAY_REAL, _checked(url, terms.ca)
        key_from = REAL_KEY_FROM if is_real else KEY_FROM
        key = self._key(key_from)
        if key is None and is_real:
            raise Lost(
                f"The real API needs a key in {REAL_KEY_FROM}; there is none.\n"
                "OPENAI_API_KEY is never read, so that nobody pays because it was still there."
            )
        key = key or Key(ANY_KEY)
        admin = self._key(REAL_ADMIN_KEY_FROM if is_real else ADMIN_KEY_FROM)
        line = stack.enter_context(closing(Line((key, *([admin] if admin else [])), trusted)))
        ledger, account = Ledger(terms.ledger, self.now), key.account(_host(place_of(url)))
        purse = Purse(ledger, account, terms.cap, how, terms.day, thrifty=is_real)
        greet(line, url, key, key_from, purse)
        further: dict[str, Any] = {"key_from": key_from, "purse": purse, "admin_key": admin}
        further["name"] = "the real API" if is_real else ""
        return self._made(url, terms, line, key, **further)

    def _made(self, url: str, terms: Terms, line: Line, key: Key, **further: Any) -> HttpTarget:
        place = place_of(url)
        never = {place_of(real_base_url()).host} - {place.host}
        downloads = Downloads(line, place, elsewhere=terms.downloads, never=never)
        return HttpTarget(
            url,
            key,
            terms.day,
            now=self.now,
            sleep=self.sleep,
            line=line,
            downloads=downloads,
            patience=terms.patience,
            **further,
        )

    def _key(self, name: str) -> Key | None:
        """The key in a variable; None without one."""
        text, trouble = self.environment.get(name, "").strip(), ""
        try:
            return Key(text) if text else None
        except ValueError as error:
            trouble = f"{name}: {error}"
        raise Lost(trouble)


def rehearsed(opening: Opening, name: str, terms: Terms, trials: Iterable[Trial]) -> Iterator[str]:
    """What a run would cost, line by line; nothing is sent to the target."""
    ledger = Ledger(terms.ledger, opening.now)
    purse = Purse(ledger, "", terms.cap, "", terms.day, thrifty=name == "real")
    with opening.target("mock", terms) as mock:
        yield from lines(bill(trials, mock, purse) if name != "mock" else (), terms.cap)


def _checked(url: str, ca: Path | None) -> Callable[[], SSLContext]:
    """The certificates that are trusted at a base URL, read once they are needed, or named.

    Raises:
        Lost: it leads nowhere, or there are none in the file.
    """
    trusted, where_to = cache(lambda: trusting(ca)), f"--target {_shown(url)}"
    try:
        _check_base(url)
        where_to = "--ca"
        if ca:
            trusted()
    except ValueError as error:
        why = f"{where_to}: {error}"
    else:
        return trusted
    raise Lost(why)


def _check_base(url: str) -> None:
    """Return if paths can be put after a base URL.

    Raises:
        ValueError: they can't. Its text is the reason.
    """
    place_of(url)
    if not url.isprintable() or " " in url or not urlsplit(url).path.isascii():
        raise ValueError("it has a character that no address has")
    if "?" in url or "#" in url:
        raise ValueError("leave out what follows the path")


def _shown(url: str) -> str:
    """A base URL as far as it may be shown: people put keys before the host, and after the path."""
    kept = re.sub("//[^/]*@", "//…@", re.split("[?#]", url)[0])
    return "".join(c if c.isprintable() else "…" for c in kept)


def real_base_url() -> str:
    """The real API's, as clients write it."""
    found: str = file("hosts")["api"]["base_url"]
    return found


def _host(place: Place) -> str:
    """A host as an account has it: this machine by any of its names is one."""
    host = place.host.lower()
    try:
        near = host == "localhost" or where(host) == "loopback"
    except ValueError:  # a name
        near = host.endswith(".localhost")
    return f"{'loopback' if near else host}:{place.port}"
