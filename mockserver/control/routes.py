"""What the API does not have: the help text at `/`, and `/_mock/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.types import Receive, Scope, Send

from mockserver import __version__
from mockserver.api.images import base_url
from mockserver.clock import SECOND
from mockserver.control import events, journal, state
from mockserver.control.gate import Gate
from mockserver.control.request import (
    KEY_HEADER,
    ControlError,
    ControlRequest,
    body_of,
    not_for_teams,
    not_found,
    query_of,
)
from mockserver.core.answer_headers import Headers
from mockserver.core.rules.parser import RuleError
from mockserver.core.texts import likely_name
from mockserver.request.bodies import JSON, json_bytes, send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.world import World

_HELP = """\
images-mock {version}: a local stand-in for the OpenAI Images API. It never contacts the real one.

    export OPENAI_BASE_URL={base}/v1
    export OPENAI_API_KEY=sk-mock-me
    # for clients of Azure's AZURE_OPENAI_ENDPOINT={base} and AZURE_OPENAI_API_KEY

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
        width = max(map(len, facts.magic_keys)) + 1
        text = _HELP.format(
            version=__version__,
            base=base_url(self._world, scope, scope["exchange"]),
            keys="\n".join(
                f"    {facts.magic_prefix}{name:{width}}{key.help}"
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
    """GET /_mock/live and /_mock/ready: who serves, to anyone, whatever the address.

    Who is ready where the shared state is away says so, and is not if it refuses requests then.
    """

    def __init__(self, world: World, status: str) -> None:
        self._status, self._health = status, world.store.health
        self._told = {
            "status": status,
            "server": "images-mock",
            "version": __version__,
            "start_id": world.config.start_id,
            "since": (world.worker.since or world.clock.now()) / SECOND,
        }
        self._body = json_bytes(self._told)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["exchange"].quiet = True  # a health check a second is no news
        status, body = 200, self._body
        if self._health.degraded and self._status == "ready":
            is_ready = not self._health.refuses
            told = {"status": "ready" if is_ready else "not ready", "state": "away"}
            status, body = 200 if is_ready else 503, json_bytes({**self._told, **told})
        await send_bytes(send, status, body, JSON)


class Text(NamedTuple):
    """An answer that is no JSON."""

    text: str
    content_type: str

    async def send(self, send: Send) -> None:
        """Send it."""
        headers = [(b"cache-control", b"no-store")]
        await send_bytes(send, 200, self.text.encode(), self.content_type, headers)


Told = dict[str, Any] | events.Stream | Text
Handler = Callable[[ControlRequest], Awaitable[Told]]


async def metrics(request: ControlRequest) -> Text:
    """What was counted, for Prometheus."""
    from mockserver.request.metrics import CONTENT_TYPE, text, told_by_all  # few ask

    return Text(text(await told_by_all(request.world)), CONTENT_TYPE)


async def migration(request: ControlRequest) -> dict[str, Any]:
    """What would become of the requests with another model: refused, other, dearer."""
    from mockserver.control.migration import migration_of  # few ask

    return await migration_of(request)


async def verdict(request: ControlRequest) -> dict[str, Any]:
    """What the program that asked did wrong, each with why it matters and how to mend it."""
    from mockserver.control.verdict import told  # few ask

    return await told(request)


async def document(request: ControlRequest) -> dict[str, Any]:
    """This."""  # noqa: D404
    from mockserver.control import openapi  # few ask

    return openapi.document()


async def coverage(request: ControlRequest) -> dict[str, Any]:
    """Which kinds of failure the program has met, which never, and how it went on."""
    from mockserver.control.coverage import told  # few ask

    return await told(request)


async def proxy(request: ControlRequest) -> dict[str, Any]:
    """The entrances beside the server's address: HTTPS, the proxy, whom it refused."""
    return request.world.access.as_json()


async def forget_refused(request: ControlRequest) -> dict[str, Any]:
    """Forget which hosts the proxy refused."""
    request.world.access.forget()
    return {}


_LONGEST = 100  # characters of a path that is compared with those that there are
#: Every path under /_mock/, and who answers each method. `*` is an id; what comes first counts.
PATHS: dict[str, dict[str, Handler]] = {
    "requests": {"GET": journal.requests, "DELETE": journal.forget_requests},
    "requests/last": {"GET": journal.last_request},
    "requests/summary": {"GET": journal.summary},
    "requests/count": {"POST": journal.count},
    "requests/wait": {"POST": journal.wait},
    "requests/elsewhere": {"GET": journal.elsewhere},
    "requests/*": {"GET": journal.by_id},
    "downloads": {"GET": journal.downloads},
    "coverage": {"GET": coverage},
    "migration": {"GET": migration},
    "rules": {"GET": state.rules, "POST": state.add_rule, "DELETE": state.remove_rules},
    "rules/*": {"GET": state.rule, "PUT": state.put_rule, "DELETE": state.remove_rule},
    "clock": {"GET": state.clock},
    "clock/advance": {"POST": state.advance},
    "limits": {"GET": state.limits, "PUT": state.put_limits},
    "limits/refill": {"POST": state.refill},
    "ledger": {"GET": state.ledger, "PUT": state.put_ledger},
    "reset": {"POST": state.reset},
    "sandbox": {"POST": state.renew},
    "sandboxes": {"GET": state.sandboxes},
    "config": {"GET": state.config},
    "verdict": {"GET": verdict},
    "proxy": {"GET": proxy, "DELETE": forget_refused},
    "events": {"GET": events.events},
    "metrics": {"GET": metrics},
    "openapi.json": {"GET": document},
}
#: What a query can have, beside the sandbox.
QUERIES: dict[Handler, tuple[str, ...]] = {
    journal.requests: journal.OF_REQUESTS,
    journal.summary: (*journal.FILTERS, "since"),
    journal.downloads: journal.OF_DOWNLOADS,
    verdict: ("ignore",),
    events.events: events.OF_EVENTS,
    migration: ("to", "as_of", "request"),
}
#: What tells of more than the sandboxes of one team.
OF_SERVER = (state.config, metrics, proxy, forget_refused)
#: What only looks, though it is no GET.
LOOKS = (journal.count, journal.wait)
#: What is answered, unless it is 200 or a refusal.
STATUSES: dict[Handler, int] = {state.add_rule: 201}


class Control:
    """Everything else under /_mock/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._gate = Gate(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.quiet = True
        try:
            self._gate.check(exchange, scope)
            status, told = await self._answer(exchange, scope, receive)
            headers: Headers = []
            if not isinstance(told, dict):
                await told.send(send)
                return
        except ControlError as error:
            status, told, headers = error.status, error.told, [*error.headers]
        except RuleError as error:
            refused = ControlError(400, error.sentence, "invalid_request")
            status, told, headers = refused.status, refused.told, []
        headers.append((b"cache-control", b"no-store"))
        health = self._world.store.health
        if health.degraded:  # what is changed now others won't know of
            headers.append((b"mock-warning", health.warning.encode()))
        await send_bytes(send, status, json_bytes(told), JSON, headers)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive) -> tuple[int, Told]:
        path = scope["path"].removeprefix("/_mock").removeprefix("/")
        handler, name = _found(path, exchange.record.method)
        if exchange.team and handler in OF_SERVER:
            not_for_teams()
        body = None
        if exchange.record.method in ("POST", "PUT"):
            kind = exchange.header(b"content-type")
            body = await body_of(kind, receive, self._world.heavy, exchange.hide)
        key, query = exchange.header(KEY_HEADER), query_of(scope["query_string"])
        seen = exchange.header(b"last-event-id")
        request = ControlRequest(self._world, receive, key, query, body, name, seen, exchange.team)
        request.check_query(("sandbox", *QUERIES.get(handler, ())))
        told = await handler(request)
        if exchange.record.method != "GET" and handler not in LOOKS and self._world.is_told:
            for sandbox in await request.names():
                await self._world.changed(path.partition("/")[0], sandbox)
        return STATUSES.get(handler, 200), told


def _found(path: str, method: str) -> tuple[Handler, str]:
    """Who answers at a path, and the id that stands in it."""
    methods, (head, _, name) = PATHS.get(path), path.rpartition("/")
    if methods is None and name:
        methods = PATHS.get(f"{head}/*")
    if methods is None:
        not_found(f"There is nothing at /_mock/{path}; {_meant(path)}")
    if method not in methods:
        allowed = ", ".join(methods)
        below = [p for p, m in PATHS.items() if p.startswith(f"{path}/") and method in m]
        hint = f" Did you mean {method} /_mock/{below[0]}?" if below else ""
        message = f"Only {allowed} can be asked for at /_mock/{path}.{hint}"
        raise ControlError(
            405, message, "method_not_allowed", headers=((b"allow", allowed.encode()),)
        )
    return methods[method], name


def _meant(path: str) -> str:
    """What was perhaps meant by a path that is not there."""
    path = path[:_LONGEST].strip("/")
    head, _, name = path.rpartition("/")
    known = [p.replace("*", name) for p in PATHS] if head else [p for p in PATHS if "*" not in p]
    if close := likely_name(path, known):
        return f"did you mean /_mock/{close}?"
    return "/_mock/openapi.json tells what there is."
