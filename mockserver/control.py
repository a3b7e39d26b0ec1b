"""What the API does not have: the help text at `/`, and `/_mock/`."""

from __future__ import annotations

import hmac

from starlette.types import Receive, Scope, Send

from mockserver import __version__
from mockserver.core.errors import ApiError, Reason
from mockserver.core.keys import key_in
from mockserver.endpoints import base_url
from mockserver.wire import JSON, send_bytes
from mockserver.world import World

_HELP = """\
images-mock {version}: a local stand-in for the OpenAI Images API. It never contacts the real one.

    export OPENAI_BASE_URL={base}/v1
    export OPENAI_API_KEY=sk-mock-me

    curl {base}/v1/images/generations -H "Authorization: Bearer sk-mock-me" \\
      -H "Content-Type: application/json" -d '{{"prompt": "a red fox in the snow"}}'

Rules of the day: {day}. Tier: {tier}. Ready: {base}/_mock/ready
Keys with an effect, alone or with anything after a dash:

{keys}
"""


class Help:
    """GET /: how to use this server, with its real address."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        facts = self._world.facts
        text = _HELP.format(
            version=__version__,
            base=base_url(self._world, scope, scope["exchange"]),
            keys="\n".join(
                f"    {facts.magic_prefix}{name:12}{key.help}"
                for name, key in facts.magic_keys.items()
            ),
            day=self._day(),
            tier=self._world.config.tier,
        )
        await send_bytes(send, 200, text.encode(), "text/plain; charset=utf-8")

    def _day(self) -> str:
        match self._world.config.as_of:
            case None:
                return str(self._world.facts.day)
            case "today":
                return "today's"
            case day:
                return str(day)


class Live:
    """GET /_mock/live and /_mock/ready: no key, no token, whatever the address."""

    def __init__(self, status: str) -> None:
        self._body = b'{"status": "%b"}\n' % status.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["exchange"].quiet = True  # a health check a second is no news
        await send_bytes(send, 200, self._body, JSON)


class Control:
    """Everything else under /_mock/: off loopback only with the control token."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        config = self._world.config
        if not config.on_loopback:
            given = key_in(scope["exchange"].header(b"authorization")) or ""
            expected = config.control_token or ""
            if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
                raise ApiError(Reason.CONTROL_REFUSED)
        raise ApiError(Reason.UNKNOWN_URL, method=scope["method"], path=scope["path"])
