"""Azure OpenAI's form of 2023 for DALL·E 2: a job is begun, and looked at until it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from mockserver.api.azure import AzureSurface, Handler
from mockserver.api.blobs import azure_id
from mockserver.api.images import Images, base_url
from mockserver.clock import SECOND
from mockserver.core.answer_headers import Headers
from mockserver.core.azure import Job, job_as_told
from mockserver.core.errors import ApiError, Reason
from mockserver.core.sandbox.items import Item
from mockserver.facts.words.azure import FAILED
from mockserver.request.bodies import JSON, send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.reading import Read
from mockserver.request.taken import Taken
from mockserver.request.world import World
from mockserver.store import Sandbox

_OBJECT = 600  # bytes of a job beside its pictures' addresses


def handlers(world: World, generate: Images) -> Mapping[str, Handler]:
    """By the ids that the facts give them."""
    jobs = Jobs(world, generate)
    return {"azure.submit": jobs.submit, "azure.operation": jobs.look, "azure.delete": jobs.delete}


@dataclass(slots=True)
class JobSurface(AzureSurface):
    """What is other in a request that begins a job: there is one model, and no deployment."""

    seconds: float = 0.0  # that the pictures take

    def meant(self, found: Read) -> Read:
        """The body with the model of that form."""
        (self.deployment,) = self.facts.models_of("submit")
        return self.of_model(found, self.deployment)

    def wait(self, seconds: float) -> float:
        """Nothing: the job takes that time."""
        self.seconds = seconds
        return 0

    def beside(self) -> Mapping[str, bytes]:
        """Nothing: such answers have addresses alone."""
        return {}


class Jobs:
    """The paths of such jobs."""

    def __init__(self, world: World, generate: Images) -> None:
        self._world = world
        self._generate = generate

    async def submit(
        self, surface: AzureSurface, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Begin a job: its pictures are planned now, and told to who looks at it later."""
        world, exchange = self._world, surface.exchange
        exchange.surface = own = JobSurface(
            world, exchange, surface.facts, surface.deployments, surface.asked
        )
        _, sandbox = await world.enter(exchange)
        taken, error = Taken(), ""
        try:
            await self._generate(scope, receive, taken)
        except ApiError as refusal:
            if refusal.reason not in FAILED:
                raise
            error = FAILED[refusal.reason]
        result = _pictures(taken)
        if not error and (exchange.effect.reply or result is None):  # a rule's, or broken
            await taken.let_go(send)
            return
        now = exchange.now(world.clock.now())
        seed = sandbox.options.seed or world.config.seed
        job_id = azure_id(f"job {seed} {sandbox.name} {await sandbox.next_number()}")
        job = Job(job_id, now // SECOND, own.seconds, error, result)
        exchange.record.trace.append(f"job {job_id}" + (": it fails" if error else ""))
        await sandbox.save("operations", Item(job_id, now, job, _OBJECT + len(taken.body)))
        place = f"{base_url(world, scope, exchange)}/openai/operations/images/{job_id}"
        headers = [
            (b"operation-location", f"{place}?api-version={surface.version}".encode()),
            (b"retry-after", b"%d" % surface.facts.job.retry_after),
        ]
        await _send(send, 202, {"id": job_id, "status": "notRunning"}, headers)

    async def look(
        self, surface: AzureSurface, _scope: Scope, _receive: Receive, send: Send
    ) -> None:
        """Tell how far a job is."""
        _, job = await self._job(surface)
        now = surface.exchange.now(self._world.clock.now()) / SECOND
        await _send(send, 200, job_as_told(job, now, surface.facts.job.seconds_kept))

    async def delete(
        self, surface: AzureSurface, _scope: Scope, _receive: Receive, send: Send
    ) -> None:
        """Forget a job."""
        sandbox, job = await self._job(surface)
        await sandbox.drop("operations", job.id)
        await send_bytes(send, 204, b"", JSON)

    async def _job(self, surface: AzureSurface) -> tuple[Sandbox, Job]:
        """The job that a path names; ApiError if there is none, or it is there no longer."""
        exchange, asked = surface.exchange, surface.asked
        operation, named = (asked.way.id, asked.named["id"]) if asked else ("", "")
        exchange.record.operation, exchange.record.fields = operation, {"operation": operation}
        _, sandbox = await self._world.enter(exchange)
        item = await sandbox.item("operations", named)
        kept = surface.facts.job.seconds_kept * SECOND
        if item is None or exchange.now(self._world.clock.now()) >= item.at + kept:
            raise _not_there(exchange)
        return sandbox, item.value


def _not_there(exchange: Exchange) -> ApiError:
    record = exchange.record
    hint = "there is no such job in this key's sandbox, or no longer"
    return ApiError(Reason.UNKNOWN_URL, method=record.method, path=record.path, hint=hint)


def _pictures(answer: Taken) -> Any:
    """What an answer has of pictures; None if it has none."""
    if answer.status != 200:
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


async def _send(send: Send, status: int, value: Any, headers: Headers | None = None) -> None:
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    await send_bytes(send, status, body, JSON, headers)
