"""Connections to one Redis or Valkey: each use within a deadline, what goes wrong in a sentence."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import redis
from redis.asyncio import BlockingConnectionPool, Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, NoScriptError, RedisError

from mockserver.core.durations import seconds_in
from mockserver.store.redis_scripts import Script
from mockserver.store.steps import Away

BYTES = 10_000_000  # that are sent in a second at least
_CONNECT = 0.2  # seconds
_LONG = 5.0  # the same for what is large, and no decision
_BUSY = 0.02  # seconds that a loop is late if it was busy
_LINES = 10  # connections for uploads and snapshots, beside that for steps
_PREFIX = "images-mock"
_OWN = ("prefix", "keep")  # options of the URL that are not redis-py's
_PASSED = "ssl_[a-z_]+|username|password|client_name|db"  # those that are, and do no harm
_DISUSE = 30 * 86_400.0  # seconds


class Server:
    """A server by its URL, as `RedisSteps` has it.

    Raises:
        ValueError: the URL is none.
    """

    def __init__(self, url: str) -> None:
        url, own = _parted(url)
        self.shown, self._secrets = _shown(url), _secrets(url)
        #: What all keys begin with, which says too that they are in one slot.
        self.tag = f"{{{own.get('prefix', _PREFIX)}}}"
        #: Milliseconds that they last when nobody uses them; 0 is for ever.
        self.disuse = _milliseconds(own.get("keep"))
        self.run = ""  # of the server, since it was started
        # Valkey and older Redis refuse what is told of a client.
        self._options: dict[str, Any] = {"protocol": 2, "driver_info": None}
        self._url = url
        self._pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=_LINES + 1,
            timeout=_LONG,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=_CONNECT,
            socket_timeout=None,  # one deadline is round connecting, sending and reading
            **self._options,
        )
        try:
            self._pool.make_connection()  # type: ignore[no-untyped-call]
        except TypeError:
            raise ValueError(
                "has an option of TLS that is none, or begins not with rediss"
            ) from None
        self._line: Connection | None = None  # for steps

    def key(self, name: str) -> str:
        """A key of this log."""
        return f"{self.tag}:{name}"

    def first(self, script: Script, keys: Sequence[str], form: str) -> Any:
        """What a script answers before there is a loop; the server's run is its last argument.

        Raises:
            Away: the server can't be reached, or refuses it.
        """
        retry = redis.retry.Retry(NoBackoff(), 0)
        try:
            with redis.Redis.from_url(
                self._url,
                retry=retry,
                socket_connect_timeout=_LONG,
                socket_timeout=_LONG,
                **self._options,
            ) as client:
                run = client.info("server").get("run_id", "")
                return client.eval(script, len(keys), *keys, form, run)
        except (RedisError, OSError) as error:
            raise self._away(error) from None
        except (AttributeError, LookupError, TypeError, ValueError):
            raise Away(f"{self.shown} does not answer as Redis does") from None

    def _away(self, error: Exception) -> Away:
        return Away(f"{self.shown}: {self._masked(_said(error))}")

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Be done within a time.

        Raises:
            Away: it took longer, or the server refuses it.
        """
        try:
            async with asyncio.timeout(None) as timeout:
                deadline = _Deadline(timeout, seconds)
                try:
                    yield
                finally:
                    deadline.end()
        except TimeoutError:
            raise Away(f"{self.shown} did not answer within {seconds:g} s") from None
        except (RedisError, OSError) as error:
            raise self._away(error) from None

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    async def line(self) -> Connection:
        """The connection for steps; a new one first asks which run of the server that is."""
        if self._line is None or not self._line.is_connected:
            await self.end_line()
            line: Connection = await self._pool.get_connection()
            self._line = line
            self.run = _run_of(await asked(line, "INFO", "server"))
        return self._line

    async def end_line(self) -> None:
        """End the connection for steps."""
        line, self._line = self._line, None
        if line is not None:
            await line.disconnect(nowait=True)
            await self._pool.release(line)

    @asynccontextmanager
    async def large(self, size: int = 0) -> AsyncIterator[Connection]:
        """A connection for what is large: nobody who asks for steps waits for it."""
        async with self.within(_LONG + size / BYTES):
            line = await self._pool.get_connection()
            try:
                yield line
            except BaseException:
                await line.disconnect(nowait=True)
                raise
            finally:
                await self._pool.release(line)

    async def close(self) -> None:
        """End all connections."""
        await self.end_line()
        await self._pool.disconnect()


class _Deadline:
    """Lets something be over in so many seconds; in a loop that was busy, once it has looked."""

    def __init__(self, timeout: asyncio.Timeout, seconds: float) -> None:
        self._timeout, self._loop = timeout, asyncio.get_running_loop()
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        self._handle = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        if self._loop.time() - self._due > _BUSY:  # the answer may have come meanwhile
            self._wait(_BUSY)
        else:
            self._timeout.reschedule(self._loop.time())

    def end(self) -> None:
        """It is done."""
        self._handle.cancel()


async def asked(line: Connection, *command: Any) -> Any:
    """What a server answers to a command."""
    await line.send_packed_command(_packed(command), check_health=False)
    return await line.read_response()


def _packed(command: Sequence[Any]) -> bytes:
    """A command as it is sent; redis-py's own way takes four times as long."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
    return b"*%d\r\n%b" % (len(parts), b"".join([b"$%d\r\n%b\r\n" % (len(p), p) for p in parts]))


async def ran(
    line: Connection, script: Script, keys: Sequence[str], arguments: Sequence[Any]
) -> Any:
    """What a script answers, which the server may not know yet."""
    told = len(keys), *keys, *arguments
    try:
        return await asked(line, "EVALSHA", script.sha, *told)
    except NoScriptError:  # nothing was done
        await asked(line, "SCRIPT", "LOAD", script)
        return await asked(line, "EVALSHA", script.sha, *told)


def _run_of(info: bytes) -> str:
    """The id of a server's run: another one after each start."""
    lines = info.decode("utf-8", "replace").splitlines()
    return next((line[7:] for line in lines if line.startswith("run_id:")), "")


def _said(error: Exception) -> str:
    if isinstance(error, MovedError):
        return f"is a node of a cluster, and these keys are at {error.host}:{error.port}: name that"
    return str(error) or type(error).__name__


# -- URL ---------------------------------------------------------------------------------------


def _parted(url: str) -> tuple[str, dict[str, str]]:
    """A URL without those options that are not redis-py's, and these."""
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    own = {name: value for name, value in options if name in _OWN}
    query = urlencode([option for option in options if option[0] not in _OWN])
    for name, _ in options:
        if name not in _OWN and not re.fullmatch(_PASSED, name):
            raise ValueError(f"has an option {name!r}, which is not prefix, keep or one of TLS")
    if not re.fullmatch("[A-Za-z0-9_.-]{1,100}", own.get("prefix", _PREFIX)):
        raise ValueError("has a prefix that is not of letters, digits, _ . and -")
    return parts._replace(query=query).geturl(), own


def _milliseconds(text: str | None) -> int:
    """How long what nobody uses is kept; 0 is for ever."""
    seconds = _DISUSE if text is None else 0.0 if text == "off" else seconds_in(text)
    if seconds is None or 0 < seconds < 86_400:
        raise ValueError("has a keep that is neither off nor a time from 1d on, such as 30d")
    return int(seconds * 1000)


def _shown(url: str) -> str:
    """A URL without who asks."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _secrets(url: str) -> list[str]:
    """What of a URL is to be shown nowhere, as it is written and as it is meant."""
    parts = urlsplit(url)
    options = [value for name, value in parse_qsl(parts.query) if "password" in name]
    written = [text for text in (parts.password, *options) if text]
    return sorted({*written, *map(unquote, written)}, key=len, reverse=True)
