"""What surrounds every request, as plain ASGI: observation, CORS, refusals, Host rule, body cap."""

from __future__ import annotations

import asyncio
import re
import traceback
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from anyio import move_on_after
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockserver.api.faults import Altered, labelled
from mockserver.config import Config
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import PICTURES, cut
from mockserver.core.raw_request import BODY
from mockserver.core.rules.rule import PLAIN
from mockserver.core.texts import escaped
from mockserver.core.words.rendering import answer, message
from mockserver.request.bodies import ABORT, FORM, ClientGone, host_in, send_answer
from mockserver.request.era import Headers
from mockserver.request.exchange import KEY_HEADERS, Exchange
from mockserver.request.forms import HOW_TO_SEND
from mockserver.request.log import log_of, notice_of
from mockserver.request.world import World

API = "/v1"
CONTROL = "/_mock"
_LOOPBACK = r"https?://(localhost|[a-z0-9.-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?"
_EXPOSED = (
    *("x-request-id", "openai-processing-ms", "retry-after", "retry-after-ms"),
    *("mock-warning", "mock-hint"),
    *("accept-ranges", "content-range", "etag", "x-ms-error-code", "x-ms-request-id"),
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[\w.-]{1,254})(:\d{1,5})?", re.ASCII)
_DIGITS = 19  # of a length; what has more is too long, however long
_CLIENT_GONE = 499  # only ever logged
_UNREAD = 0.1  # seconds for the body of what is refused for its head, before the journal has it


def in_api(path: str) -> bool:
    """Whether a path is the API's own."""
    return path == API or path.startswith(f"{API}/")


def in_control(path: str) -> bool:
    """Whether a path is the control surface's."""
    return path == CONTROL or path.startswith(f"{CONTROL}/")


def raw_path(scope: Scope) -> str:
    """A request's path with its escapes, as the client sent it."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw.decode("latin-1")


def _is_call_outside(exchange: Exchange) -> bool:
    """Whether this was meant for the API, but came to a path beside it; a browser's icon is not."""
    if in_control(exchange.path) or exchange.path.startswith(PICTURES):
        return False
    return exchange.method == "POST" or any(name in exchange.headers for name in KEY_HEADERS)


class Observe:
    """Outermost: gives a request its exchange, an API answer its headers, both a log line."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._log = log_of(world.config.log_format)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Every path is matched as it came: the real API does not decode it before it routes.
        scope = {**scope, "path": raw_path(scope)}
        exchange = scope["exchange"] = self._exchange(scope)
        is_api = in_api(exchange.path)
        is_call = is_api or _is_call_outside(exchange)

        receive = _noted(exchange, receive) if is_call else receive

        async def send_observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                exchange.milliseconds = self._elapsed(exchange)
                if is_call or exchange.sandbox:
                    await _read_on(exchange, receive)
                    await self._world.write_down(exchange)  # before the client knows
                message["headers"] = self._labelled(exchange, message["headers"], is_api)
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            if is_call:
                await self._world.write_down(exchange)
            if not exchange.quiet:
                self._log(exchange)

    def _exchange(self, scope: Scope) -> Exchange:
        era = self._world.era()
        return Exchange(
            request_id=self._world.next_request_id(era.facts.headers.request_id_prefix),
            method=scope["method"],
            path=scope["path"],
            headers=dict(scope["headers"]),
            started=self._world.clock.now(),
            era=era,
            line=b"%b %b HTTP/%b" % (scope["method"].encode(), _target(scope), _version(scope)),
            lines=scope["headers"],
        )

    def _elapsed(self, exchange: Exchange) -> int:
        return max(1, (self._world.clock.now() - exchange.started) // 1_000_000)

    def _labelled(self, exchange: Exchange, own: Headers, is_api: bool) -> Headers:
        """An answer's headers as they are sent. What stands before the API has not the API's."""
        if not is_api:
            return [*own, *_remarks(exchange)]
        effect = exchange.effect
        of_api = [] if effect.reply and effect.reply.gateway else self._headers(exchange)
        headers = [*own, *of_api, *_remarks(exchange)]
        if effect is not PLAIN:
            headers = labelled(headers, effect)
        return _sooner(exchange, headers) if exchange.status >= 400 else headers

    def _headers(self, exchange: Exchange) -> Headers:
        return exchange.era.headers(
            exchange.caller,
            exchange.request_id,
            exchange.milliseconds,
            cross_origin=b"origin" in exchange.headers,
        )


def _target(scope: Scope) -> bytes:
    path, query = scope["path"].encode("latin-1"), scope["query_string"]
    return b"%b?%b" % (path, query) if query else path


def _version(scope: Scope) -> bytes:
    return str(scope.get("http_version", "1.1")).encode()


def _noted(exchange: Exchange, receive: Receive) -> Receive:
    """Receives the same, and notes it for the journal."""

    async def receive_noted() -> Message:
        message = await receive()
        if body := message.get("body"):
            exchange.note(body)
        return message

    return receive_noted


async def _read_on(exchange: Exchange, receive: Receive) -> None:
    """Of a body that nobody has read, read what the journal keeps: it was refused for its head."""
    wanted = min(exchange.length, BODY)
    if exchange.read >= wanted or b"expect" in exchange.headers:  # it is sent once it is asked for
        return
    with move_on_after(_UNREAD):
        while exchange.read < wanted:
            if (await receive())["type"] == "http.disconnect":
                return


def _sooner(exchange: Exchange, headers: Headers) -> Headers:
    """A refusal that clients retry without being told when: where time stands still, at once."""
    if exchange.sandbox is None or not exchange.sandbox.options.standing:
        return headers
    told = dict(headers)
    retried = exchange.status in (408, 409, 429) or exchange.status >= 500
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
    """Turns a refusal raised inside into the API's error, any other exception into its 500."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._holds = world.holds
        self._notice = notice_of(world.config.log_format)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange: Exchange = scope["exchange"]
        try:
            await self._answered(scope, receive, send)
        except ClientGone:
            exchange.status = exchange.status or _CLIENT_GONE
            if abort := scope.get("extensions", {}).get(ABORT):  # it may be there, and wait
                abort()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; raises ClientGone where there is no more to send."""
        exchange: Exchange = scope["exchange"]
        try:
            await self._app(scope, receive, send)
        except ClientGone:
            raise
        except ApiError as error:
            # A rule may break off or slow down an error too, its own or the limit's.
            altered = Altered(exchange.effect, scope, receive, self._holds)
            await self._answer(exchange, error, send, altered)
        except asyncio.CancelledError:  # the server stops, and this took longer than its grace
            await self._answer(exchange, ApiError(Reason.INTERNAL), send)
        except Exception as error:
            self._notice(f"ERROR {exchange.request_id} {_where(error)}")
            await self._answer(exchange, ApiError(Reason.INTERNAL), send)

    async def _answer(
        self, exchange: Exchange, error: ApiError, send: Send, altered: Altered | None = None
    ) -> None:
        if not exchange.status:
            param = error.values.get("param")
            exchange.refused = f"{error.reason}({param})" if param else str(error.reason)
            if hint := error.values.get("hint"):
                exchange.hints.append(hint)
            words = exchange.era.words(exchange.path)
            told = answer(error, words, exchange.request_id)
            exchange.error = {
                "reason": str(error.reason),
                "message": cut(message(error, words, exchange.request_id)),
                "code": words[error.reason].code,
            }
            if altered and exchange.effect is not PLAIN:
                await altered.refuse(send, told)
            else:
                await send_answer(send, told)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


class CrossOrigin:
    """CORS for requests of a web page; others pass by it, for it costs a third of an answer."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_origin_regex=_LOOPBACK,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._cors if self._is_of_page(scope) else self._app)(scope, receive, send)

    @staticmethod
    def _is_of_page(scope: Scope) -> bool:
        if scope["type"] != "http" or b"origin" not in scope["exchange"].headers:
            return False
        return not in_control(scope["path"])  # where no page of the web has any business


class HostRule:
    """Answers only for names that no other site on the web can make its own (DNS rebinding)."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        public = urlsplit(config.public_url or "").hostname
        named = {"localhost", "host.docker.internal", *config.allowed_host}
        self._names = frozenset(named | ({public} if public else set()))
        self._suffixes = (".localhost", *(n[1:] for n in config.allowed_host if n[0] == "*"))
        self._check = lru_cache(maxsize=256)(self._refuse_others)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (host := scope["exchange"].header(b"host")) is not None:
            self._check(host)
        await self._app(scope, receive, send)

    def _refuse_others(self, value: str) -> None:
        host = host_in(value)
        if not _HOST.fullmatch(value) or not self._allows(host):
            raise ApiError(Reason.WRONG_HOST, host=host)

    def _allows(self, host: str) -> bool:
        if host in self._names or "." not in host.rstrip(".") or host.endswith(self._suffixes):
            return True
        try:
            ip_address(host)
        except ValueError:
            return False
        return True


class BodyCap:
    """Refuses a request body beyond `limit` bytes, whether its length was told or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = scope["exchange"].headers.get(b"content-length", b"")
        if told.isdigit():  # the HTTP parser holds the client to what it told
            length = int(told.lstrip(b"0")[:_DIGITS] or b"0")
            if length > self._limit:
                raise self._refusal(scope, length)
            await self._app(scope, receive, send)
            return
        if b"transfer-encoding" in scope["exchange"].headers:
            receive = replayed(await self._whole(scope, receive), receive)
        await self._app(scope, receive, send)

    async def _whole(self, scope: Scope, receive: Receive) -> bytes:
        """The body, read before anyone asks for it: also on a route where nobody will."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._limit:
                raise self._refusal(scope, len(body))
        return bytes(body)

    def _refusal(self, scope: Scope, read: int) -> ApiError:
        hint = "--max-body sets this bound"
        if (scope["exchange"].header(b"content-type") or "").lower().startswith(FORM):
            hint += f"; {HOW_TO_SEND}"
        return ApiError(Reason.BODY_TOO_LARGE, limit=self._limit, read=read, hint=hint)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Receives `body` in one piece, and then what else there is."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        return messages.pop() if messages else await receive()

    return receive_replayed
