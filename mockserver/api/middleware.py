"""What surrounds every request, as plain ASGI: first what is seen of all, then who is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from anyio import move_on_after
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockserver.api.body_cap import BodyCap
from mockserver.api.faults import Altered, labelled
from mockserver.config import Config
from mockserver.core.addresses import PICTURES, in_api, in_control
from mockserver.core.answer_headers import Headers
from mockserver.core.error_bodies import answer, message
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import RECEIVED, Record
from mockserver.core.masking import keys_shown, without_keys
from mockserver.core.raw_request import BODY, Raw, head_of
from mockserver.core.rules.effects import PLAIN
from mockserver.core.texts import escaped
from mockserver.core.told_waits import told_wait
from mockserver.request.access import LED
from mockserver.request.bodies import (
    ABORT,
    LATE,
    REFUSED,
    ClientGone,
    host_in,
    send_answer,
)
from mockserver.request.exchange import KEY_HEADERS, KEYS, LINE, Exchange
from mockserver.request.log import log_of, notice_of, told_with_place
from mockserver.request.parting import is_lost, lose, part
from mockserver.request.world import World

_LOOPBACK = r"https?://(localhost|[a-z0-9.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?"
_EXPOSED = (
    *("x-request-id", "openai-processing-ms", "retry-after", "retry-after-ms"),
    *("mock-warning", "mock-hint"),
    *("accept-ranges", "content-range", "etag", "x-ms-error-code", "x-ms-request-id"),
    *("operation-location", "apim-request-id", "x-ms-client-request-id", "x-ms-region"),
    *("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[\w.-]{1,254})(:\d{1,5})?", re.ASCII)
_TRACE = b"traceparent"
_UNREAD = 0.1  # seconds for the body of what is refused for its head, before the journal has it


def raw_path(scope: Scope) -> str:
    """A request's path with its escapes, as the client sent it."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw.decode("latin-1")


def _is_call_outside(exchange: Exchange) -> bool:
    """Whether this was meant for the API, but came to a path beside it; a browser's icon is not."""
    if in_control(exchange.record.path) or exchange.record.path.startswith(PICTURES):
        return False
    return exchange.record.method == "POST" or any(name in exchange.headers for name in KEY_HEADERS)


class Observe:
    """Outermost: gives a request its exchange, an API answer its headers, both a log line."""

    def __init__(self, app: ASGIApp, world: World, direct: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._world = world
        self._log = log_of(world.config.log_format)
        self._counts = world.counts
        self._served = Refuse(app, world, direct)
        self._served_to_page = CORSMiddleware(
            self._served,
            allow_origins=world.config.cors_origin,
            allow_origin_regex=_LOOPBACK,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Every path is matched as it came: the real API does not decode it before it routes.
        scope = {**scope, "path": raw_path(scope)}
        exchange = scope["exchange"] = self._exchange(scope)
        record, is_api = exchange.record, in_api(scope["path"])
        is_call = is_api or _is_call_outside(exchange)
        heard = _Heard(receive)
        receive = heard if is_call else receive

        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                record.milliseconds = max(1, (self._world.clock.now() - record.at) // 1_000_000)
                if (is_call or exchange.sandbox) and not (record.raw or self._is_strange(exchange)):
                    if record.status >= 400:
                        await self._look_at_refusal(exchange, message["headers"], heard)
                    await self._write_down(scope, heard)  # before the client knows
                self._world.warn_of_outage(exchange)
                message["headers"] = self._labelled(exchange, message["headers"], is_api)
            await send(message)

        self._counts.in_flight += is_call
        try:
            # Only for web pages, because CORS costs a third of an answer.
            serve = self._served_to_page if _is_of_page(exchange) else self._served
            await serve(scope, receive, send_observed)
        finally:
            self._counts.in_flight -= is_call
            if (is_call or exchange.sandbox) and not (record.raw or self._is_strange(exchange)):
                await self._write_down(scope, heard)
            if not exchange.quiet:
                self._log(exchange)

    def _exchange(self, scope: Scope) -> Exchange:
        era = self._world.era()
        record = Record(
            id=self._world.next_request_id(era.facts.headers.request_id_prefix),
            at=self._world.clock.now(),
            method=scope["method"],
            path=scope["path"],
        )
        exchange = Exchange(record, dict(scope["headers"]), era)
        exchange.keys = keys_shown(exchange.headers, scope["query_string"]) or scope.get(KEYS, ())
        if exchange.keys or "sk-" in record.path or scope["query_string"]:
            exchange.hide_line(scope)
        if _TRACE in exchange.headers:
            record.traceparent = _traceparent(scope, exchange)
        if line := scope.get(LINE):
            exchange.line, record.batch, record.custom_id = line, line.batch, line.custom_id
        if arrived := self._world.feed.arrived:
            arrived(record, scope)
        return exchange

    def _is_strange(self, exchange: Exchange) -> bool:
        """Whether a page of the web sent this that is not let in: no sandbox shall know of it.

        No page can give a key without a preflight, but at a host of its own; and none can leave out
        its origin, but where it only gets something.
        """
        headers = exchange.headers
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if exchange.astray:
            return origin is not None or exchange.record.method in ("GET", "HEAD")
        if origin is None and site != b"cross-site":
            return False
        has_key = headers.get(b"authorization", b"")[:7].lower() == b"bearer "
        if site in (b"same-origin", b"none") or has_key or b"api-key" in headers:
            return False
        page = origin or _origin(headers.get(b"referer", b""))
        return not self._served_to_page.is_allowed_origin(page.decode("latin-1"))

    async def _look_at_refusal(self, exchange: Exchange, headers: Headers, heard: _Heard) -> None:
        """Note what the journal tells of a refusal: the body that nobody has read, the wait."""
        if heard.read < BODY and heard.read < (exchange.length or 0):
            await _read_on(exchange, heard)
        sent = labelled(headers, exchange.effect)
        exchange.record.wait = told_wait(sent, self._world.clock.now())

    async def _write_down(self, scope: Scope, heard: _Heard) -> None:
        """Put a request into the journal."""
        exchange: Exchange = scope["exchange"]
        head = head_of(_line(scope), scope["headers"], exchange.keys)
        length = max(heard.read, exchange.length or 0)
        exchange.record.raw = Raw.of(head, heard.beginning, length, exchange.keys)
        if exchange.record.usd:
            if is_lost(exchange):
                await lose(exchange)
            else:
                exchange.record.paid = RECEIVED
        await self._world.write_down(exchange)

    def _labelled(self, exchange: Exchange, own: Headers, is_api: bool) -> Headers:
        """An answer's headers as they are sent. What stands before the API has not the API's."""
        if not is_api and exchange.surface is None:
            return [*own, *_remarks(exchange)]
        effect = exchange.effect
        of_api = [] if effect.reply and effect.reply.gateway else self._headers(exchange)
        headers = [*own, *of_api, *_remarks(exchange)]
        if effect is not PLAIN:
            headers = labelled(headers, effect)
        return _sooner(exchange, headers) if exchange.record.status >= 400 else headers

    def _headers(self, exchange: Exchange) -> Headers:
        if exchange.surface:
            return exchange.surface.headers()
        return exchange.era.headers.of(
            exchange.caller,
            exchange.record.id,
            exchange.record.milliseconds,
            cross_origin=b"origin" in exchange.headers,
        )


def _traceparent(scope: Scope, exchange: Exchange) -> str:
    from mockserver.core.trace_context import traceparent_in  # most clients tell none

    return traceparent_in([exchange.hide(v) for name, v in scope["headers"] if name == _TRACE])


def _origin(referrer: bytes) -> bytes:
    """The origin of the page that a Referer names."""
    return b"/".join(referrer.split(b"/")[:3])


class _Heard:
    """Receives the same, and keeps what the journal tells of the body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.beginning = b""
        self.read = 0  # bytes

    async def __call__(self) -> Message:
        message = await self._receive()
        if body := message.get("body"):
            self.read += len(body)
            if len(self.beginning) < BODY:
                self.beginning += body[: BODY - len(self.beginning)]
        return message


def _line(scope: Scope) -> bytes:
    """The request line, as far as the server tells it."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    method, version = scope["method"], scope.get("http_version", "1.1")
    return f"{method} {scope['path']}".encode("latin-1") + query + f" HTTP/{version}".encode()


async def _read_on(exchange: Exchange, heard: _Heard) -> None:
    """Of a body that nobody has read, read what the journal keeps: it was refused for its head."""
    wanted = min(exchange.length or 0, BODY)
    if b"expect" in exchange.headers:  # it is sent once it is asked for
        return
    with move_on_after(_UNREAD):
        while heard.read < wanted:
            if (await heard())["type"] == "http.disconnect":
                return


def _is_of_page(exchange: Exchange) -> bool:
    """Whether a page of the web asks, which has no business at the control API."""
    return b"origin" in exchange.headers and not in_control(exchange.record.path)


def _sooner(exchange: Exchange, headers: Headers) -> Headers:
    """A refusal that clients retry without being told when: where time stands still, at once."""
    if exchange.sandbox is None or not exchange.sandbox.options.standing:
        return headers
    told = dict(headers)
    retried = exchange.record.status in (408, 409, 429) or exchange.record.status >= 500
    if not retried and told.get(b"x-should-retry") != b"true":
        return headers
    is_told = b"retry-after" in told or b"retry-after-ms" in told
    return headers if is_told else [*headers, (b"retry-after-ms", b"1")]


def _remarks(exchange: Exchange) -> Headers:
    """What the real API has no headers for: what an answer would meet today, what was meant."""
    said = ((b"mock-warning", exchange.warnings), (b"mock-hint", exchange.hints))
    return [(name, header_text("; ".join(texts))) for name, texts in said if texts]


@lru_cache(maxsize=64)
def header_text(text: str) -> bytes:
    """Any text as a header can carry it."""
    return escaped(text).encode("ascii", "backslashreplace")


class Refuse:
    """Turns a refusal raised inside into the API's error, any other exception into its 500.

    It refuses by itself what comes for another host, and bodies that are too large.
    """

    def __init__(self, app: ASGIApp, world: World, direct: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._world = world
        self._direct = direct  # by path: who answers a POST there
        self._hosts = HostRule(world.config)
        self._heavy = world.heavy
        self._capacity = world.capacity
        self._cap = BodyCap(world.config.max_body, world.heavy)
        self._holds = world.holds
        self._notice = notice_of(world.config.log_format)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answered(scope, receive, send)
        except ClientGone as gone:
            await part(self._world, scope["exchange"], gone)
            if abort := scope.get("extensions", {}).get(ABORT):  # it may be there, and wait
                abort()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises ClientGone where there is no more to send."""
        exchange: Exchange = scope["exchange"]
        try:
            self._check_host(exchange, scope.get(LED))
            if refusal := scope.get(REFUSED):
                raise refusal
            is_post = exchange.record.method == "POST"
            app = self._direct.get(exchange.record.path) if is_post else None
            receive = await self._cap.held_to(exchange, receive)
            await (app or self._app)(scope, receive, send)
        except ClientGone:
            late = scope.get("extensions", {}).get(LATE)
            if late is None:
                raise
            await self._answer(exchange, late(), send)
        except ApiError as error:
            # A rule may break off or slow down an error too, its own or the limit's.
            altered = Altered(exchange.effect, scope, receive, self._holds)
            await self._answer(exchange, error, send, altered)
        except asyncio.CancelledError:  # the server stops, and this took longer than its grace
            await self._answer(exchange, ApiError(Reason.INTERNAL), send)
        except Exception as error:
            self._notice(exchange.hide_text(f"ERROR {exchange.record.id} {told_with_place(error)}"))
            await self._answer(exchange, ApiError(Reason.INTERNAL), send)
        finally:
            if exchange.held or exchange.turn:
                self._give_back(exchange)

    def _give_back(self, exchange: Exchange) -> None:
        """What it had that others wait for."""
        self._heavy.give_back(exchange)
        if self._capacity:
            self._capacity.give_back(exchange)

    def _check_host(self, exchange: Exchange, led: str | None) -> None:
        host = exchange.headers.get(b"host")
        if led is not None and host is not None and host_in(host.decode("latin-1")) == led:
            return
        try:
            self._hosts.check(host)
        except ApiError:
            exchange.astray = True
            raise

    async def _answer(
        self, exchange: Exchange, error: ApiError, send: Send, altered: Altered | None = None
    ) -> None:
        record, reason = exchange.record, error.reason
        if record.status:  # it has begun
            return
        param = error.values.get("param")
        exchange.refused = f"{reason}({param})" if param else str(reason)
        if hint := error.values.get("hint"):
            exchange.hints.append(hint)
        words = exchange.words(error)
        said = exchange.hide_text(message(error, words, record.id))
        record.refuse(str(reason), said, words[reason].code)
        told = answer(error, words, record.id)
        told = told._replace(body=exchange.hide(told.body))
        if altered and exchange.effect is not PLAIN:
            await altered.refuse(send, told)
        else:
            await send_answer(send, told)


class HostRule:
    """Answers only for names that no other site on the web can make its own (DNS rebinding)."""

    def __init__(self, config: Config) -> None:
        public = urlsplit(config.public_url or "").hostname
        named = {"localhost", "host.docker.internal", *config.allowed_host}
        self._names = frozenset(named | ({public} if public else set()))
        self._suffixes = (".localhost", *(n[1:] for n in config.allowed_host if n[0] == "*"))
        self._check = lru_cache(maxsize=256)(self._refuse_others)

    def check(self, host: bytes | None) -> None:
        """Raise the ApiError of a Host header that may be anybody's."""
        if host is not None:
            self._check(without_keys(host))  # which are no names, and are not remembered

    def _refuse_others(self, header: bytes) -> None:
        value = header.decode("latin-1")
        host = host_in(value)
        is_name = not value.startswith("[")
        if not _HOST.fullmatch(value) or not self._allows(host, is_name=is_name):
            raise ApiError(Reason.WRONG_HOST, host=host)

    def _allows(self, host: str, *, is_name: bool) -> bool:
        is_known = host in self._names or "." not in host.rstrip(".")
        if is_name and (is_known or host.endswith(self._suffixes)):
            return True
        try:
            ip_address(host)
        except ValueError:
            return False
        return True
