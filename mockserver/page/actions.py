"""What a click changes: each is what the control API does, asked for by a form with a token."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Message

from mockserver.control import state
from mockserver.control.gate import COOKIE, Gate, tokens_of
from mockserver.control.request import ControlError, refuse
from mockserver.page import views
from mockserver.page.look import Look, Shown
from mockserver.page.snippets import key_of
from mockserver.request.bodies import read_body
from mockserver.request.taken import Taken, within
from mockserver.request.world import World

#: In every form, where one process serves this machine: no page of another site can know it.
TOKEN = secrets.token_urlsafe(24)
#: What leads to a page of this server alone, and breaks no header.
_OWN_PAGE = re.compile(r"/(?:_mock/page/[\w/-]*)?(?:\?[!-~]*)?", re.ASCII)
_PROMPT = "a red fox in the snow"
PATH = "/v1/images/generations"
_FORM = "application/x-www-form-urlencoded"
_LARGEST = 256 * 1024  # bytes of a form
_LONGEST = 2000  # characters of a rule that is kept in an address: four times as many, escaped
_KEPT = ("when", "then", "times", "name", "next", "sandbox")  # of a rule, to be restored
Form = Mapping[str, str]


def token(world: World, team: str = "") -> str:
    """What is in every form of a team's, the same in all processes that serve one address."""
    if control_token := tokens_of(world.config).get(team):
        return hmac.new(control_token.encode(), b"forms", sha256).hexdigest()
    return world.worker.secret or TOKEN


async def done(look: Look, path: str) -> Shown:
    """Do what a form asks for; then the page that it was on.

    Raises:
        ControlError: it is not a form of this page's, or what it asks for can't be done.
    """
    kind = (look.scope["exchange"].header(b"content-type") or "").partition(";")[0].strip().lower()
    form = await _form(look)
    if kind != _FORM or not _is_same(form.get("token", ""), token(look.world, look.team)):
        message = "This form is not of this page, or of a server that has ended: load it anew."
        raise ControlError(403, message, "form_refused")
    do, _, by = form.get("do", "").partition(" ")
    action = ACTIONS.get(do)
    if action is None:
        refuse("The form does not say what to do.")
    acting = look._replace(query={"sandbox": form["sandbox"]} if form.get("sandbox") else {})
    said = await action(acting, {"by": by, **form})
    shown = {"sandbox": form.get("shown", form.get("sandbox")), **said}
    query = {k: v for k, v in shown.items() if v}
    query["sign"] = _signed(query, token(look.world, look.team))
    back = f"/_mock/page/{path}" if path else "/"
    return Shown("", {}, to=f"{back}?{urlencode(query)}")


def said_in(query: Mapping[str, str], secret: str) -> dict[str, str]:
    """What a page says that was done, and what takes it back, if it was this server."""
    told = {name: query.get(name, "") for name in ("said", "undo")}
    is_own = _is_same(query.get("sign", ""), _signed(query, secret))
    return told if is_own else dict.fromkeys(told, "")


def _signed(query: Mapping[str, str], secret: str) -> str:
    parts = json.dumps([query.get(name, "") for name in ("said", "undo")])
    return hmac.new(secret.encode(), parts.encode(), sha256).hexdigest()[:32]


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


async def _form(look: Look) -> dict[str, str]:
    body = await read_body(look.receive)
    if len(body) > _LARGEST:
        raise ControlError(413, f"A form has at most {_LARGEST} bytes.", "form_too_large")
    return dict(parse_qsl(body.decode("latin-1"), True))


async def logged_in(look: Look, gate: Gate) -> Shown:
    """Give a browser a session for the control token."""
    form = await _form(look)
    back = form.get("back", "")
    team = gate.team_of(form.get("control_token", "").strip())
    if team is None:
        is_shared = look.world.teams is not None
        context = {"is_open": True, "is_wrong": True, "is_shared": is_shared, "back": back}
        return Shown("login", context, 401)
    kept = f"{COOKIE}={gate.session(team)}; Path=/; HttpOnly; SameSite=Strict"
    secure = "; Secure" if look.scope["scheme"] == "https" else ""
    to = back if _OWN_PAGE.fullmatch(back) else "/"
    return Shown("", {}, to=to, headers=[(b"set-cookie", f"{kept}{secure}".encode())])


async def _add_rule(look: Look, form: Form) -> dict[str, str]:
    when = {"prompt": {"contains": form["text"]}} if form.get("text") else {}
    times = {"times": _whole(form, "times")} if form.get("times") else {}
    then = FAULTS[form["fault"]] if form.get("fault") in FAULTS else refuse("Choose what happens.")
    rule = await state.add_rule(_ruling(look, {"when": when, "then": then, **times}))
    return {"said": f"Rule {rule['id']} was added."}


async def _restore_rule(look: Look, form: Form) -> dict[str, str]:
    try:
        kept = json.loads(form.get("rule", ""))
    except (ValueError, RecursionError):
        refuse("There is no rule to restore.")
    of = kept.get("sandbox", look.sandbox) if isinstance(kept, dict) else look.sandbox
    rule = await state.add_rule(_ruling(look._replace(query={"sandbox": str(of)}), kept))
    return {"said": f"It is there again, as rule {rule['id']}."}


async def _remove_rule(look: Look, form: Form) -> dict[str, str]:
    asked = look.asked(identity=form.get("id", ""))
    rule = await state.rule(asked)
    await state.remove_rule(asked)
    kept = json.dumps({k: rule[k] for k in _KEPT if k in rule})
    if len(kept) > _LONGEST or '"sha256"' in kept:  # an address is bounded, and has no file
        return {"said": f"Rule {rule['id']} was removed; it is too large to be restored here."}
    return {"said": f"Rule {rule['id']} was removed.", "undo": kept}


async def _advance(look: Look, form: Form) -> dict[str, str]:
    await state.advance(look.asked({"seconds": form.get("by", "")}))
    return {"said": f"The clock was moved on by {form.get('by', '')}."}


async def _refill(look: Look, _: Form) -> dict[str, str]:
    await state.refill(look.asked())
    return {"said": "Every limit is full again."}


async def _stand(look: Look, form: Form) -> dict[str, str]:
    sandbox = await look.asked().sandbox()
    standing = form.get("standing") == "yes"
    await sandbox.configure({"standing": standing})
    return {"said": "The clock stands still." if standing else "The clock runs."}


async def _limit(look: Look, form: Form) -> dict[str, str]:
    text = form.get("per_minute", "")
    await state.put_limits(look.asked({"per_minute": _whole(form, "per_minute") if text else None}))
    return {"said": f"The limit is {text} images a minute." if text else "The limit is the tier's."}


async def _budget(look: Look, form: Form) -> dict[str, str]:
    text = form.get("usd", "")
    try:
        usd = float(text) if text else None
    except ValueError:
        refuse("The budget must be an amount in USD, as 2.50.")
    await state.put_ledger(look.asked({"budget_usd": usd}))
    return {"said": f"The budget is ${text}." if text else "There is no budget."}


async def _try(look: Look, _: Form) -> dict[str, str]:
    """Ask for a picture as a client does. It is in no sandbox that is looked at: look at all."""
    model = views.first_model(look)
    body = json.dumps({"prompt": _PROMPT, "size": "1024x1024", **model}).encode()
    key = f"Bearer {key_of(look.team)}".encode()
    scope = within(look.scope, PATH, body, [(b"authorization", key)])

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    taken = Taken()
    await look.scope["app"](scope, receive, taken)
    return {"said": f"It was answered with {taken.status}.", "sandbox": ""}


async def _reset(look: Look, _: Form) -> dict[str, str]:
    await state.reset(look.asked({}))
    return {"said": "It is empty again."}


def _whole(form: Form, name: str) -> int:
    """A whole number that somebody typed."""
    number = views.number(form[name].strip(), -1)
    return number if number >= 0 else refuse(f"{name} must be a whole number, or empty.", name)


def _ruling(look: Look, rule: Any) -> Any:
    """The request that adds a rule: of the sandbox that is looked at, or of all."""
    asked = look if look.sandbox else look._replace(query={"sandbox": "*"})
    return asked.asked(rule)


#: The common faults, as a form names them.
FAULTS: Mapping[str, dict[str, Any]] = {
    "429, wait 20 s": {"rate_limit": {"retry_after": 20}},
    "Refused by the content policy": {"refuse": True},
    "500": {"error": "internal"},
    "Quota exceeded": {"quota": True},
    "5 s late": {"delay": 5},
    "URL that has expired": {"expired_url": True},
    "Broken picture": {"picture": "truncated"},
    "Line that breaks": {"disconnect": 0},
}
ACTIONS: Mapping[str, Callable[[Look, Form], Awaitable[dict[str, str]]]] = {
    "add-rule": _add_rule,
    "restore-rule": _restore_rule,
    "remove-rule": _remove_rule,
    "advance": _advance,
    "refill": _refill,
    "stand": _stand,
    "limit": _limit,
    "budget": _budget,
    "reset": _reset,
    "try": _try,
}
