"""Opens a target by its name: the mock in process, a base URL, or the real API. Judges nothing.

Whoever is not proven to be our own mock may cost money, wherever it is: a gateway on this machine
pays as well.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from ssl import SSLContext
from typing import NamedTuple

from contracts.discretion import Key
from contracts.target import Lost
from contracts.target.bill import bill, lines
from contracts.target.control import Control, reaches_mock, says_mock
from contracts.target.downloads import Downloads, where
from contracts.target.greeting import greet, hello
from contracts.target.http import HttpTarget, Patience
from contracts.target.ledger import Ledger
from contracts.target.line import Line, Place, place_of, trusting
from contracts.target.mock import served
from contracts.target.money import Purse
from contracts.trials import Trial
from mockserver.facts.files import file

#: Where the keys come from. OPENAI_API_KEY is never read: nobody pays because it was still there.
KEY_FROM, REAL_KEY_FROM = "IMAGES_CONTRACT_API_KEY", "IMAGES_MOCK_REAL_API_KEY"
#: The control token of a mock that listens beyond loopback.
TOKEN_FROM = "IMAGES_MOCK_CONTROL_TOKEN"  # noqa: S105 - its name
#: The key of who has none.
ANY_KEY = "sk-mock-contract"


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
            if name == "mock":
                url, told = stack.enter_context(served(terms.day)), "the mock, in process"
            elif name == "real":
                url, told = self.real, "the real API"
            else:
                url, told = name.rstrip("/"), ""
            yield self._found(url, told, terms, stack, is_real=name == "real")

    def _found(
        self, url: str, told: str, terms: Terms, stack: ExitStack, *, is_real: bool
    ) -> HttpTarget:
        place, trusted = _checked(url, terms.ca)
        given, token = self._key(is_real=is_real), self.environment.get(TOKEN_FROM)
        if not is_real:
            mine = given or Key(f"{ANY_KEY}-{os.urandom(6).hex()}")
            control_token = [Key(token)] if token else []
            line = stack.enter_context(closing(Line((mine, *control_token), trusted)))
            is_mock = says_mock(hello(line, url))
            if is_mock and reaches_mock(line, url, mine, *control_token):
                control = Control(line, url, mine, *control_token)
                greet(line, url, mine, KEY_FROM, None)
                if given is None:
                    control.begin()
                return self._made(url, told, terms, line, mine, control=control)
        key, key_from = given or Key(ANY_KEY), REAL_KEY_FROM if is_real else KEY_FROM
        line = stack.enter_context(closing(Line((key,), trusted)))
        ledger = Ledger(terms.ledger, self.now)
        how = _PAY_REAL if is_real else _PAY_UNPROVEN if is_mock else _PAY
        account = key.account(_host(place))
        purse = Purse(ledger, account, terms.cap, how, terms.day, thrifty=is_real)
        greet(line, url, key, key_from, purse)
        return self._made(url, told, terms, line, key, key_from=key_from, purse=purse)

    def _key(self, *, is_real: bool) -> Key | None:
        name = REAL_KEY_FROM if is_real else KEY_FROM
        text = self.environment.get(name, "").strip()
        if is_real and not text:
            raise Lost(
                f"The real API needs a key in {REAL_KEY_FROM}; there is none.\n"
                "OPENAI_API_KEY is never read, so that nobody pays because it was still there."
            )
        trouble = ""
        try:
            return Key(text) if text else None
        except ValueError as error:
            trouble = f"{name}: {error}"
        raise Lost(trouble)

    def _made(
        self,
        url: str,
        name: str,
        terms: Terms,
        line: Line,
        key: Key,
        *,
        key_from: str = KEY_FROM,
        control: Control | None = None,
        purse: Purse | None = None,
    ) -> HttpTarget:
        place = place_of(url)
        never = {place_of(real_base_url()).host} - {place.host}
        return HttpTarget(
            url,
            key,
            terms.day,
            now=self.now,
            name=name,
            purse=purse,
            control=control,
            line=line,
            downloads=Downloads(line, place, elsewhere=terms.downloads, never=never),
            key_from=key_from,
            patience=terms.patience,
            sleep=self.sleep,
        )


def rehearsed(opening: Opening, name: str, terms: Terms, trials: Iterable[Trial]) -> Iterator[str]:
    """What a run would cost, line by line; nothing is sent to the target."""
    ledger = Ledger(terms.ledger, opening.now)
    purse = Purse(ledger, "", terms.cap, "", terms.day, thrifty=name == "real")
    with opening.target("mock", terms) as mock:
        yield from lines(bill(trials, mock, purse) if name != "mock" else (), terms.cap)


def _checked(url: str, ca: Path | None) -> tuple[Place, Callable[[], SSLContext]]:
    """Where a base URL leads, and the certificates that are trusted there.

    Raises:
        Lost: it leads nowhere, or there are none in the file.
    """
    trusted, place = cache(lambda: trusting(ca)), None
    try:
        place = place_of(url)
        if ca:
            trusted()
    except ValueError as error:
        why = f"--ca: {error}" if place else f"--target {url}: {error}"
    else:
        return place, trusted
    raise Lost(why)


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
