"""What a scripted effect does to an answer: another one, cut, slow, relabelled."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from starlette.types import Receive, Scope, Send

from mockserver.core.answer_headers import Headers
from mockserver.core.errors import Answer
from mockserver.core.rules.effects import AFTER_HEAD, BODILESS, IN_PICTURE, Effect, Reply
from mockserver.request.bodies import JSON, Cut
from mockserver.request.waiting import Holds

_TICKS = 10  # pieces a second of a body that drips


#: What a gateway's page is called, as nginx calls it; others have their number alone.
_PHRASES = {200: "OK", 502: "Bad Gateway", 503: "Service Temporarily Unavailable"}
_PHRASES |= {404: "Not Found", 413: "Request Entity Too Large", 504: "Gateway Time-out"}
_PAGE = """\
<html>
<head><title>{title}</title></head>
<body>
<center><h1>{title}</h1></center>
<hr><center>a gateway, scripted by images-mock</center>
</body>
</html>
"""
_LATE = Reply(504, gateway=True)
_WAITS = ("retry-after", "retry-after-ms")  # one wait: who tells the one does without the other


class Altered:
    """Sends one answer as an effect wants it."""

    def __init__(self, effect: Effect, scope: Scope, receive: Receive, holds: Holds) -> None:
        self._effect = effect
        self._left = effect.disconnect  # bytes of the body until the line breaks
        # How it is lost: only what has pictures.
        self._lose = effect.lose if scope["exchange"].request else None
        self._scope = scope
        self._receive = receive
        self._holds = holds

    async def lose(self, send: Send) -> None:
        """Let nothing be seen of an answer, though all was done for it; raises as `send` does."""
        exchange = self._scope["exchange"]
        match self._effect.lose:
            case "timeout":
                await self.end(stalls=True)
            case "gateway_timeout":
                exchange.effect = replace(self._effect, reply=_LATE)
                await self.reply(send, _LATE)
            case _:
                raise Cut

    async def end(self, *, stalls: bool) -> NoReturn:
        """Break the line, or send nothing more until the client has left; raises ClientGone."""
        if stalls:
            await self._holds.never(self._scope["exchange"], self._receive)
        raise Cut

    async def reply(self, send: Send, reply: Reply) -> None:
        """Send the answer that stands in place of the API's own; raises as `send` does."""
        body, content_type = written(reply)
        await self.send(send, body, content_type, reply.status)

    async def refuse(self, send: Send, answer: Answer) -> None:
        """Send an error of the API; raises as `send` does."""
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await self.send(send, answer.body, JSON, answer.status, headers)

    async def send(
        self,
        send: Send,
        body: bytes,
        content_type: str,
        status: int = 200,
        headers: Headers | None = None,
    ) -> None:
        """Send an answer, or what is to be seen of it.

        Raises:
            Cut: the line shall break here.
        """
        effect = self._effect
        if effect.bad_json:
            body = body[: len(body) * 2 // 3]
        start: Headers = [(b"content-type", content_type.encode())] if body else []
        if status not in BODILESS:
            start.append((b"content-length", b"%d" % len(body)))
        await self.send_pieces(send, status, [*start, *(headers or ())], body)

    async def send_pieces(self, send: Send, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer with these headers, slowly or in part; raises as `send` does."""
        await self.begin(send, status, headers)
        await self.write(send, body)

    async def begin(self, send: Send, status: int, headers: Headers) -> None:
        """Send an answer's head; raises as `send` does."""
        self._lose = self._lose if status == 200 else None  # else nothing was made
        if self._effect.disconnect == 0 and not self._lose:
            raise Cut
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if self._lose == AFTER_HEAD:
            await self._cut(send, b"")

    async def write(
        self, send: Send, piece: bytes, *, more: bool = False, picture: bool = True
    ) -> None:
        """Send a piece of the body, slowly or in part; raises as `send` does.

        `picture`: whether it has the whole picture in it, or all of them.
        """
        if self._lose == IN_PICTURE and picture:
            await self._cut(send, piece[: len(piece) // 2])
        if self._left is not None:
            piece, self._left = piece[: self._left], self._left - len(piece)
            if self._left <= 0 or not more:
                await self._cut(send, piece, received=self._left >= 0)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        elif self._effect.drip is None or not piece:
            await send({"type": "http.response.body", "body": piece, "more_body": more})
        else:
            await self._drip(send, piece, max(1, self._effect.drip // _TICKS), more=more)

    async def _cut(self, send: Send, piece: bytes, *, received: bool = False) -> NoReturn:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        raise Cut(received=received)

    async def _drip(self, send: Send, body: bytes, piece: int, *, more: bool) -> None:
        pause = piece / (self._effect.drip or 1)
        exchange = self._scope["exchange"]
        while body:
            part, body = (body, b"") if self._holds.ended else (body[:piece], body[piece:])
            await send(
                {"type": "http.response.body", "body": part, "more_body": more or bool(body)}
            )
            if body:
                await self._holds.hold(exchange, pause, self._receive)


def written(reply: Reply) -> tuple[bytes, str]:
    """The body of a reply, and its content type."""
    text = reply.body
    if text is None:
        text = _page(reply.status) if reply.gateway else ""
    return text.encode("utf-8", "surrogatepass"), _type(text, is_json=reply.is_json)


def _page(status: int) -> str:
    """What a gateway says; nothing where there is no body."""
    title = f"{status} {_PHRASES.get(status, '')}".rstrip()
    return "" if status in BODILESS else _PAGE.format(title=title)


def _type(text: str, *, is_json: bool) -> str:
    """The content type of a body that names none: by its first character."""
    first = text.lstrip()[:1]
    if text.startswith("<?xml"):
        return "application/xml"
    if is_json or (first and first in "{["):
        return JSON
    return "text/html; charset=utf-8" if first == "<" else "text/plain; charset=utf-8"


def labelled(headers: Headers, effect: Effect) -> Headers:
    """An answer's headers as an effect wants them: what it names replaces what was there."""
    given = dict(effect.reply.headers) if effect.reply else {}
    given |= {"content-type": effect.content_type} if effect.content_type is not None else {}
    given |= dict(effect.headers)
    gone = {*given, *(_WAITS if given.keys() & {*_WAITS} else ())}
    kept = [(name, value) for name, value in headers if name.decode("latin-1").lower() not in gone]
    return [*kept, *((name.encode(), value.encode()) for name, value in given.items())]
