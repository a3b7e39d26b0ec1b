"""The journal as the control API tells it: requests, counts, near misses. Writes nothing down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mockserver.clock import SECOND
from mockserver.control.request import ControlRequest, not_found, refuse, seconds_of
from mockserver.core.journal import Record, waited
from mockserver.core.near_misses import differences, nearest
from mockserver.core.rules.parser import RuleError, when_of, whole_of
from mockserver.core.rules.patterns import TOO_SLOW
from mockserver.core.rules.rule import Rule, When
from mockserver.core.sandbox import MICRO
from mockserver.request.waiting import came
from mockserver.store import Sandbox

LONGEST = 60  # seconds that a client may wait for requests
_NEAR = 5  # rules that are told
_GROUP = 100  # characters of a group's name
FILTERS = ("status", "operation", "path", "model", "rule", "call")
#: What can be asked of each list, beside the sandbox.
OF_REQUESTS = (*FILTERS, "since", "limit", "raw")
OF_DOWNLOADS = ("status", "path", "made_by", "since", "limit", "raw")
Told = dict[str, Any]


async def requests(request: ControlRequest) -> Told:
    """What was asked under /v1, or meant to be, the oldest first; and what came late."""
    sandboxes = await request.sandboxes()
    asked = await _asked(sandboxes)
    late = _sorted([r for s in sandboxes for r in await s.late()])
    wanted, links = await _wanted(request, [*asked, *late]), await _links(sandboxes)
    return {
        "requests": _listed(request, _since(request, asked), wanted, links),
        "late": [_told(r, links, raw=request.flag("raw")) for r in late if wanted(r)],
        "open": [_told(r, links, raw=False) for r in _open(request, sandboxes) if wanted(r)],
        "waited": sum([await _waited(s) for s in sandboxes]),
    }


def _open(request: ControlRequest, sandboxes: Iterable[Sandbox]) -> list[Record]:
    """The requests that are held back by this process, and are in no journal yet."""
    return _sorted([r for s in sandboxes for r in request.world.holds.held(s.name)])


async def aftermath(sandbox: Sandbox) -> Told:
    """What there is to know of a sandbox's life once it has ended."""
    late = await sandbox.late()
    links = await _links([sandbox] if late else [])
    return {
        "spent_usd": (await sandbox.account()).spent / MICRO,
        "late": [_told(r, links, raw=False) for r in late],
        "waited": await _waited(sandbox),
    }


async def _waited(sandbox: Sandbox) -> float:
    """The real seconds that clients waited although the clock stands."""
    return waited(await sandbox.requests()) if sandbox.options.standing else 0


async def summary(request: ControlRequest) -> Told:
    """How many there were of each kind; "" is what has none."""
    asked = await _asked(await request.sandboxes())
    wanted = await _wanted(request, asked)
    found = [r for r in _since(request, asked) if wanted(r)]
    return {
        "requests": len(found),
        "by_status": _grouped(str(r.status) for r in found),
        "by_operation": _grouped(r.operation for r in found),
        "by_model": _grouped(r.fields.get("model") for r in found),
        "by_rule": _grouped(rule for r in found for rule in _fired(r)),
    }


def _grouped(values: Iterable[Any]) -> dict[str, int]:
    """How often each text is there; "" are those without one."""
    return dict(Counter(v[:_GROUP] if isinstance(v, str) else "" for v in values).most_common())


async def elsewhere(request: ControlRequest) -> Told:
    """The sandboxes of other keys that were asked since this one began."""
    own = await request.sandbox()
    found = []
    for other in await request.known():
        asked = [r for r in await other.requests() if r.at >= own.options.begun]
        if asked and other.name != own.name:
            found.append({"name": other.name, "key": asked[-1].key, "requests": len(asked)})
    return {"sandboxes": found}


async def forget_requests(request: ControlRequest) -> Told:
    """Empty the journal alone."""
    await (await request.sandbox()).forget(only=["requests"])
    return {}


async def last_request(request: ControlRequest) -> Told:
    """The last request, explained."""
    asked = await _asked(await request.sandboxes())
    if not asked:
        not_found("Nothing was asked yet.")
    return await _explained(request, asked[-1])


async def by_id(request: ControlRequest) -> Told:
    """One request, explained."""
    asked = await _asked(await request.sandboxes())
    found = next((r for r in asked if r.id == request.id), None)
    if found is None:
        not_found(f"The journal has no request {request.id!r}, or no longer.")
    return await _explained(request, found)


async def count(request: ControlRequest) -> Told:
    """How many requests were so."""
    when = when_of(request.fields("when").get("when", {}))
    return {"count": await _count(request, when)}


async def wait(request: ControlRequest) -> Told:
    """The same, once there are enough; or when the time is over, which is real."""
    asked = request.fields("when", "count", "timeout")
    when = when_of(asked.get("when", {}))
    wanted = whole_of("count", asked.get("count", 1), least=0)
    timeout = seconds_of("timeout", asked.get("timeout", 5), LONGEST)
    clock = request.world.clock
    end = clock.now() + round(timeout * SECOND)
    with request.world.news.heard() as news:
        while (found := await _count(request, when)) < wanted:
            left = (end - clock.now()) / SECOND
            if left <= 0 or not await came(news, clock.sleep(left), request.receive):
                found = await _count(request, when)
                break
            news.clear()  # before the next look: what comes meanwhile sets it again
    return {"count": found, "reached": found >= wanted}


async def downloads(request: ControlRequest) -> Told:
    """What was downloaded, the oldest first."""
    sandboxes = await request.sandboxes()
    found, links = await _downloaded(sandboxes), await _links(sandboxes)
    made_by = request.query.get("made_by")
    if made_by is not None:
        _check_there("request", made_by, {r.id for r in await _asked(sandboxes)})
        found = [r for r in found if made_by in links.get(r.id, ())]
    wanted = await _wanted(request, found)
    return {"downloads": _listed(request, _since(request, found), wanted, links)}


async def _asked(sandboxes: Iterable[Sandbox]) -> list[Record]:
    return _sorted([r for s in sandboxes for r in await s.requests()])


async def found_in(request: ControlRequest, sandboxes: Sequence[Sandbox]) -> list[list[Record]]:
    """What was asked, what was downloaded and what is held back, each the oldest first."""
    return [await _asked(sandboxes), await _downloaded(sandboxes), _open(request, sandboxes)]


def _sorted(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda r: r.at)


async def _downloaded(sandboxes: Iterable[Sandbox]) -> list[Record]:
    return _sorted([r for s in sandboxes for r in await s.downloads()])


# -- which records are meant -------------------------------------------------------------------


async def _wanted(request: ControlRequest, records: Sequence[Record]) -> Callable[[Record], bool]:
    """Whether a record is meant by the query; which is refused where it could mean none."""
    status, path = request.number("status"), request.query.get("path")
    if status is not None and status != 0 and not 100 <= status <= 599:
        refuse("status must be a whole number from 100 to 599, or 0 for no answer.", "status")
    if "operation" in request.query:
        from mockserver.facts.platform import called  # few ask for those beside images

        request.check_known("operation", ("", *called()))
    if path is not None and (not path.startswith("/") or "?" in path):
        refuse("path must be as the client sent it: from its first / on, without a query.", "path")
    wanted = {name: {request.query[name]} for name in FILTERS if name in request.query}
    if status is not None:
        wanted["status"] = {str(status)}
    if rule := request.query.get("rule"):
        rules = [r for s in await request.sandboxes() for r in s.rules]
        wanted["rule"] |= {r.id for r in rules if r.name == rule}
        fired = {one for r in records for one in _fired(r)}
        _check_there("rule", rule, fired, {n for r in rules for n in _names(r)})
    if call := request.query.get("call"):
        _check_there("call", call, {r.call for r in records})
    return lambda r: not any(v.isdisjoint(_values(r, name)) for name, v in wanted.items())


def _names(rule: Rule) -> tuple[str, str]:
    return rule.id, rule.name


def _check_there(what: str, value: str, *known: set[str]) -> None:
    if not any(value in names for names in known):
        not_found(f"The journal has no {what} {value!r}, or no longer.")


def _fired(record: Record) -> tuple[str, ...]:
    """The rules that had a part in an answer; "" where none had."""
    return record.rules or ("",)


def _values(record: Record, name: str) -> tuple[str, ...]:
    match name:
        case "model":
            model = record.fields.get("model")
            return (model,) if isinstance(model, str) else ()
        case "status":
            return (str(record.status),)
        case "rule":
            return _fired(record)
        case _:
            return (getattr(record, name),)


def _since(request: ControlRequest, records: list[Record]) -> list[Record]:
    """What came after the record that is named."""
    since = request.query.get("since")
    if since is None:
        return records
    place = next((i for i, r in enumerate(records, 1) if r.id == since), None)
    if place is None:
        not_found(f"The journal has no {since!r} to begin at, or no longer: leave since out.")
    return records[place:]


# -- how they are told -------------------------------------------------------------------------

Links = dict[str, list[str]]  # of a request its downloads, of a download the request, by id


async def _links(sandboxes: Iterable[Sandbox]) -> Links:
    """Which downloads are of which requests, by the picture's name in the URL.

    Equal requests of one second have equal URLs: then the last before the download is meant.
    """
    links: Links = {}
    for sandbox in sandboxes:
        made: dict[str, str] = {}
        for record in _sorted([*await sandbox.requests(), *await sandbox.downloads()]):
            made |= dict.fromkeys(record.pictures, record.id)
            if record.is_download and (by := made.get(record.picture)):
                links[record.id] = [by]
                links.setdefault(by, []).append(record.id)
    return links


def _listed(
    request: ControlRequest, records: list[Record], wanted: Callable[[Record], bool], links: Links
) -> list[Told]:
    """The last so many of those that are wanted."""
    limit, raw = request.number("limit"), request.flag("raw")
    found = [r for r in records if wanted(r)]
    first = 0 if limit is None else max(0, len(found) - limit)
    return [_told(r, links, raw=raw) for r in found[first:]]


def _told(record: Record, links: Links, *, raw: bool) -> Told:
    linked = links.get(record.id, [])
    is_download = record.is_download
    told = record.as_json() | {
        "downloads": [] if is_download else linked,
        "made_by": linked[0] if is_download and linked else "",
    }
    return told | ({"raw": record.raw.as_json()} if raw and record.raw else {})


async def _count(request: ControlRequest, when: When) -> int:
    asked = [r for r in await _asked(await request.sandboxes()) if not r.is_outside]
    return sum(_is_meant(when, r) for r in asked)


def _is_meant(when: When, record: Record) -> bool:
    """Whether a request is meant; RuleError where that takes too long, for there may be many."""
    if when.matches(record.fields):
        return True
    if when.is_undecided(record.fields):
        raise RuleError(f"when can't be decided: {TOO_SLOW}")
    return False


async def _explained(request: ControlRequest, record: Record) -> Told:
    sandbox = await request.world.store.find(record.sandbox)
    near = _near(sandbox, record) if sandbox and record.operation else []
    links = await _links([sandbox] if sandbox else [])
    return _told(record, links, raw=True) | {"near": near}


def _near(sandbox: Sandbox, record: Record) -> list[str]:
    """A line for each rule that came close, the closest first; not for those that fired."""
    rules: Sequence[Rule] = [r for r in sandbox.rules if r.id not in record.rules]
    places = nearest((r.when for r in rules), record.fields, _NEAR)
    return [f"{rules[i]}: {_why_not(sandbox, rules[i], record)}" for i in places]


def _why_not(sandbox: Sandbox, rule: Rule, record: Record) -> str:
    missing = differences(rule.when, record.fields, record.filled)
    if missing:
        return "; ".join(map(str, missing))
    if record.error and not record.scripted:
        return "matches, but the request was refused before any rule was tried"
    seen, fired = sandbox.counted(rule.id)
    if rule.when.call is not None:
        return f"matches, but only call {rule.when.call} is meant, and it has seen {seen}"
    if rule.times is not None and fired >= rule.times:
        return f"matches, but is used up: it has fired {fired} of {rule.times} times"
    tried = [r.id for r in sandbox.rules]
    if first := [r for r in tried[: tried.index(rule.id)] if r in record.rules]:
        return f"matches, but {' and '.join(first)} came first"
    return "matches, but was not there yet"
