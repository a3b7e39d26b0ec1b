"""The work on batches: each line is a request to this same application. Decides no state.

One task works on a batch, one line at a time, and lets others go on between two lines. It ends
once nothing more is due, and without a trace where its sandbox began anew or the server stops.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial

from starlette.types import ASGIApp, Message, Scope

from mockserver.api.platform.call import Call
from mockserver.api.platform.files import keep
from mockserver.clock import SECOND
from mockserver.core import batches as core
from mockserver.core.batches import Answered, Asks, Batch, InputFile, Problem
from mockserver.core.error_bodies import message
from mockserver.core.errors import ApiError, Reason
from mockserver.core.files import BATCH_OUTPUT
from mockserver.core.masking import Hide
from mockserver.core.pieces import LARGE
from mockserver.core.sandbox.items import Item
from mockserver.facts import default_days, platform
from mockserver.request.exchange import KEYS, LINE, Line
from mockserver.request.taken import Taken, within
from mockserver.store.contents import Content, Papers

PATIENCE = 5.0  # seconds that a look waits for what is due
_BREATH = 128 * 1024  # bytes of lines that are looked into before others go on
_LINE = 4096  # bytes whose look takes as long as what any line takes beside its own
_LEAD = 60  # seconds that a process keeps a batch without a word: a line may take as long
_TURNS = 8  # of the loop between two lines: a request is accepted, read, served, answered
_ID = 32  # digits of a request's id, behind its prefix


async def looked_at(call: Call, items: Sequence[Item]) -> list[Item]:
    """Batches once what is due of them is done, or is still being done after a while."""
    runs = [run for item in items if (run := _run(call, item))]
    if runs:
        await asyncio.wait([run.task for run in runs], timeout=PATIENCE)
    for run in runs:
        if run.task.done() and not run.task.cancelled():
            run.task.result()  # raises what the work broke by
    return [await call.sandbox.item("batches", item.id) or item for item in items]


def let_go(call: Call, item: Item) -> None:
    """End the wait of a line that a rule holds back: its batch was cancelled."""
    if run := call.world.work.get(_name(call, item)):
        run.end()


def _name(call: Call, item: Item) -> str:
    return f"{call.sandbox.name} {call.sandbox.number} {item.id}"


def _run(call: Call, item: Item) -> Run | None:
    """The work on a batch in this loop; None if there is none to do, or another loop does it."""
    work, name = call.world.work, _name(call, item)
    found = work.get(name)
    if isinstance(found, Run) and not found.task.done():
        loop = found.task.get_loop()
        if loop is asyncio.get_running_loop():
            return found
        if loop.is_running():
            return None
    if not item.value.has_work(call.now):
        return None
    work[name] = run = Run(call, item.id)
    run.task.add_done_callback(lambda _: work.pop(name) if work.get(name) is run else None)
    return run


class Run:
    """The work on one batch."""

    def __init__(self, call: Call, batch_id: str) -> None:
        self._world, self._sandbox = call.world, call.sandbox
        self._id = batch_id
        self._until = 0  # nanoseconds of the machine's clock, to which this process leads
        self._requests = _Requests(call.scope)
        self._lines: Iterator[tuple[int, bytes, int]] | None = None
        self.task = asyncio.get_running_loop().create_task(self._go())

    def end(self) -> None:
        """End a wait that a rule wants: nobody waits for the answer any more."""
        self._requests.left.set()

    async def _go(self) -> None:
        with suppress(ApiError):  # the state is away: whoever looks at the batch later begins anew
            await self._work()

    async def _work(self) -> None:
        while (item := await self._item()) and item.value.has_work(self._now):
            if not await self._leads():
                return
            await self._step(item)
            await _others()
        await self._leads(0)

    async def _leads(self, seconds: int = _LEAD) -> bool:
        """Whether this process works on the batch, and no other, for some time from now on."""
        now = self._world.clock.now()
        until = now + seconds * SECOND
        if seconds and self._until > until - seconds * SECOND // 2:
            return True
        self._until = until
        return await self._sandbox.lead(self._id, now, until)

    @property
    def _now(self) -> int:
        return self._sandbox.now(self._world.clock.now())

    async def _item(self) -> Item | None:
        """The batch as it is now; None once there is nobody to work for."""
        stopped = self._world.holds.ended or (self.task.cancelling() > 0)
        if stopped or not await self._world.lives(self._sandbox):
            return None
        return await self._sandbox.item("batches", self._id)

    async def _save(self, item: Item, batch: Batch) -> None:
        await self._sandbox.save("batches", item._replace(value=batch, size=batch.size))

    async def _step(self, item: Item) -> None:
        batch, now = item.value, self._now
        due = batch.due(now)
        if batch.status == core.VALIDATING:
            await self._validate(item)
        elif batch.status == core.CANCELLING:
            await self._finish(item, core.CANCELLED, now=now)
        elif batch.done < due:
            await self._next(item)
        elif batch.done < batch.total:
            await self._next(item, core.unrun("expired"))
        elif due < batch.total:
            await self._finish(item, core.FINALIZING, core.EXPIRED, now=batch.expires)
        else:
            await self._finish(item, core.FINALIZING, core.COMPLETED, now=now)

    # -- the input file ------------------------------------------------------------------------

    async def _validate(self, item: Item) -> None:
        """Look into the whole input file, and begin or fail."""
        given = (await _papers(item)).given
        checked = InputFile(item.value.endpoint)
        problems = await self._of_whole(item.value, given)
        if given and not problems:
            problems = await self._of_lines(checked, given)
        now = await self._item()
        if now is None or now.value.status != core.VALIDATING:
            return  # it was cancelled meanwhile
        if problems:
            await self._fail(now, *problems)
            return
        begun = now.value._replace(total=checked.lines, model=checked.model)
        await self._save(now, begun.reached(core.IN_PROGRESS, now=self._now))

    async def _fail(self, item: Item, *problems: Problem) -> None:
        """End the batch without its files."""
        failed = item.value._replace(problems=problems).reached(core.FAILED, now=self._now)
        await self._save(item._replace(content=None), failed)

    async def _of_whole(self, batch: Batch, given: Content | None) -> list[Problem]:
        """What is wrong with the file before a line of it is looked into."""
        bounds = core.bounds()
        if given is None:
            told = {"file": batch.input_file_id, "organization": batch.caller.organization}
            return [self._problem(ApiError(Reason.BATCH_NO_FILE, **told))]
        if given.size > (most := bounds["bytes"]):
            return [self._problem(ApiError(Reason.BATCH_TOO_LARGE, bound=f"{most:,}"))]
        if await _ends_of_lines(given) > (most := bounds["lines"]):
            return [self._problem(ApiError(Reason.BATCH_TOO_MANY_LINES, bound=f"{most:,}"))]
        return []

    async def _of_lines(self, checked: InputFile, given: Content) -> list[Problem]:
        """What is wrong with its lines; others go on meanwhile."""
        problems, looked = list[Problem](), 0
        for number, (text, _) in enumerate(lines_of(given), 1):
            look = partial(self._of_line, checked, text, number)
            problem = await self._world.heavy.run(look) if len(text) > LARGE else look()
            if problem:
                problems.append(problem)
            if len(problems) >= core.bounds()["errors"]:
                return problems
            looked += _LINE + len(text)
            if looked > _BREATH:
                looked = 0
                await _others()
        return problems if checked.lines else [self._problem(ApiError(Reason.BATCH_EMPTY))]

    def _of_line(self, checked: InputFile, text: bytes, number: int) -> Problem | None:
        if not text.strip():
            return None
        try:
            model = checked.check(self._requests.hide(text))
            if checked.endpoint not in core.endpoints()["of_pictures"]:
                return None
            facts = self._world.era(self._sandbox, default_days().get(model)).facts
            if model not in facts.models and not facts.stand_in:
                raise ApiError(Reason.BATCH_MODEL, model=model)
        except ApiError as error:
            return self._problem(error, number)
        return None

    def _problem(self, error: ApiError, line: int | None = None) -> Problem:
        era = self._world.era(self._sandbox, "today")
        words = era.words("/v1/batches")
        wording = words[error.reason]
        param = wording.param and wording.param.format_map(error.values)
        return Problem(wording.code, message(error, words), param, line)

    # -- its requests --------------------------------------------------------------------------

    async def _next(self, item: Item, unrun: Answered | None = None) -> None:
        """Ask the next request, or none in its place; and write down what became of it."""
        batch = item.value
        self._lines = self._lines or numbered((await _papers(item)).given, batch)
        number, text, end = next(self._lines)
        read = partial(_asked, text, self._requests.hide)
        asks, body = await self._world.heavy.run(read) if len(text) > LARGE else read()
        answer = unrun or await self._requests.ask(self._line(batch, asks), batch.endpoint, body)
        now = await self._item()
        if now is None or answer is None:
            return
        papers, room = await _papers(now), self._world.config.file_room
        written = core.answer_line(self._id, number, asks.custom_id, answer)
        if papers.written + len(written) > room:
            await self._fail(now, self._problem(ApiError(Reason.BATCH_NO_ROOM, bound=f"{room:,}")))
            return
        (papers.output if answer.is_good else papers.errors).append(written)
        answered = now.value.with_answer(answer)._replace(read=end, line=number)
        await self._save(now._replace(content=papers), answered)

    def _line(self, batch: Batch, asks: Asks) -> Line:
        share = platform.table("batches")["price"]["share"]
        return Line(batch.caller, self._id, asks.custom_id, share)

    # -- the end -------------------------------------------------------------------------------

    async def _finish(self, item: Item, *states: str, now: int) -> None:
        """End the batch, with a file of its answers and one of its errors, if there are any."""
        batch, papers = item.value, await _papers(item)
        output = await self._file(batch, "output", papers.output)
        errors = await self._file(batch, "error", papers.errors)
        ended = batch._replace(output_file_id=output, error_file_id=errors)
        await self._save(item._replace(content=None), ended.reached(*states, now=now))

    async def _file(self, batch: Batch, name: str, content: Content) -> str | None:
        """The id of a file with this content; None if there is none of it."""
        if not content.size:
            return None
        name, seconds = f"{self._id}_{name}.jsonl", batch.output_expires
        kept = await keep(self._world, self._sandbox, BATCH_OUTPUT, name, content, seconds)
        return kept.id


class _Requests:
    """Asks this application what lines ask for, under the address of who looked at the batch."""

    def __init__(self, scope: Scope) -> None:
        self._app: ASGIApp = scope["app"]
        self._scope = {k: scope.get(k) for k in ("scheme", "server", "client", "headers")}
        self._scope[KEYS] = scope["exchange"].keys
        self.hide: Hide = scope["exchange"].hide
        self.left = asyncio.Event()  # whether nobody waits for an answer any more

    async def ask(self, line: Line, path: str, content: bytes) -> Answered | None:
        """The answer to a request; None if nobody waited for it to the end."""
        body = [content]
        taken = Taken()

        async def receive() -> Message:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await self.left.wait()
            return {"type": "http.disconnect"}

        asked = within(self._scope, path, body[0], [])
        scope = {**asked, LINE: line, KEYS: self._scope[KEYS]}
        await self._app(scope, receive, taken)
        if self.left.is_set() and not taken.is_whole:
            return None
        try:
            told = json.loads(taken.body)
        except ValueError:  # an answer that is no JSON is none
            return core.unrun("broken")
        return Answered(taken.status, taken.header(b"x-request-id")[-_ID:], told)


def _asked(text: bytes, hide: Hide) -> tuple[Asks, bytes]:
    """What a line asks for, and the body of its request, both without keys."""
    asks = core.asks(hide(text))
    return asks, json.dumps(asks.body).encode()


async def _papers(item: Item) -> Papers:
    """The files of a batch that has not ended."""
    found: Papers = await item.content.here()
    return found


async def _others() -> None:
    """Let others go on for so many turns of the loop as a short request takes."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def _ends_of_lines(content: Content) -> int:
    return sum([piece.count(b"\n") async for piece in content.sent()])


def numbered(content: Content, batch: Batch) -> Iterator[tuple[int, bytes, int]]:
    """The lines of a batch that are not done: the number of each, its text, and where it ends."""
    for number, (text, end) in enumerate(lines_of(content, batch.read), batch.line + 1):
        if text.strip():
            yield number, text, end


def lines_of(content: Content, start: int = 0) -> Iterator[tuple[bytes, int]]:
    """The lines of a file, and where each ends; a bounded piece of it is in memory, or one line."""
    held: list[bytes] = []
    at = place = start
    while piece := content.piece(place):
        place += len(piece)
        first, *others = piece.split(b"\n")
        held.append(first)
        for other in others:
            line = b"".join(held)
            at += len(line) + 1
            yield line, at
            held = [other]
    if line := b"".join(held):
        yield line, at + len(line)
