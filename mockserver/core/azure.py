"""What a request to Azure OpenAI is: which operation, on which deployment. Answers nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from mockserver.core.errors import ApiError, Reason
from mockserver.core.texts import likely_name
from mockserver.facts import ever_there
from mockserver.facts.platform.azure import AzureFacts, Filters, Way

_PARAMETER = re.compile(r"\{(\w+)\}")
_V1 = "v1"
_NO_MODEL = (
    "Azure knows this path with a deployment alone: send model=…, or set azure_deployment, as the "
    "deployment's name"
)
_DATED = "under /openai/v1 it is {}, or none; a dated one belongs to /openai/deployments/…"
_IMAGES_ALONE = (
    "of Azure's paths this mock has those of images alone: /openai/deployments/NAME/images/… with "
    "an api-version, /openai/v1/images/…"
)


class Asked(NamedTuple):
    """A request whose path and version Azure has."""

    way: Way
    named: Mapping[str, str]  # the parameters of the path
    version: str  # of the API

    @property
    def deployment(self) -> str | None:
        """Its name in the path; None where the body's `model` is one."""
        return self.named.get("deployment")


def asked(facts: AzureFacts, method: str, path: str, query: str) -> Asked:
    """What is asked for; ApiError for what Azure does not have."""
    sent = dict(parse_qsl(query, keep_blank_values=True)).get("api-version", "")
    found = [(way, named) for way in facts.ways if (named := _match(way.path, path)) is not None]
    meant = [(way, named) for way, named in found if way.method == method]
    if not meant:
        raise ApiError(Reason.UNKNOWN_URL, method=method, path=path, hint=_hint(path, found))
    way, named = meant[0]
    if way.versions == _V1:
        if sent and sent not in facts.versions.v1:
            raise ApiError(Reason.OUTSIDE_API, hint=_DATED.format(" or ".join(facts.versions.v1)))
        return Asked(way, named, sent or _V1)
    if sent not in facts.versions.dated or not way.since <= sent <= way.until:
        told = f"api-version={sent}" if sent else "no api-version"
        raise ApiError(
            Reason.UNKNOWN_URL, method=method, path=path, hint=f"{told}: {_versions(facts, way)}"
        )
    return Asked(way, named, sent)


def _match(pattern: str, path: str) -> dict[str, str] | None:
    """The parameters of a path; None if it is another's."""
    regex = "".join(
        f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part)
        for number, part in enumerate(_PARAMETER.split(pattern))
    )
    found = re.fullmatch(regex, path)
    return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def _hint(path: str, found: Sequence[tuple[Way, Any]]) -> str:
    if found:
        return f"Azure has {' and '.join(way.method for way, _ in found)} there"
    if re.fullmatch(r"/openai/images/(generations|edits)", path):
        return _NO_MODEL
    return _IMAGES_ALONE


def _versions(facts: AzureFacts, way: Way) -> str:
    known = [v for v in facts.versions.dated if way.since <= v <= way.until]
    return f"this path is there from {known[0]} to {known[-1]}"


def deployments(named: Sequence[str], facts: AzureFacts) -> Mapping[str, str]:
    """The models by the deployments' names: as these settings say, else each by its own."""
    if named:
        pairs = (setting.rpartition("=") for setting in named)
        return {name: model for name, _, model in pairs}
    return {model: model for model in facts.models_of("deployment")}


def no_deployment(name: Any, known: Mapping[str, str]) -> ApiError:
    """The refusal of a deployment that is not there."""
    guess = likely_name(name, known) if isinstance(name, str) else None
    hint = f"did you mean the deployment {guess}?" if guess else f"there are {', '.join(known)}"
    hint += " (--deployment NAME=MODEL names others)"
    return ApiError(Reason.UNKNOWN_MODEL, param="model", model=name, hint=hint)


def check_narrowed(facts: AzureFacts, model: str, value: Any) -> None:
    """Refuse what a model takes in /v1 alone."""
    life = ever_there().get(model)
    for row in facts.narrowed:
        if not life or life.family != row.family:
            continue
        sent = value.get(row.parameter) if isinstance(value, dict) else None
        if isinstance(data := getattr(sent, "data", None), bytes):  # a part of a form
            sent = data.decode("utf-8", "replace")
        if isinstance(sent, str) and sent not in row.values:
            raise ApiError(
                Reason.NOT_ONE_OF, param=row.parameter, value=sent, allowed=list(row.values)
            )


def filter_results(filters: Filters) -> Mapping[str, bytes]:
    """What is told of each picture, where nothing was found; laid out as what stands around it."""
    image = {name: {"filtered": False, "severity": "safe"} for name in filters.severity}
    prompt = image | {name: {"detected": False, "filtered": False} for name in filters.detected}
    told = {"content_filter_results": image, "prompt_filter_results": dict(sorted(prompt.items()))}
    return {name: _laid_out(value) for name, value in told.items()}


def _laid_out(value: Any) -> bytes:
    return json.dumps(value, indent=2).replace("\n", "\n      ").encode("ascii")


class Job(NamedTuple):
    """Pictures that were asked for in the form of 2023."""

    id: str
    created: int  # Unix seconds
    seconds: float  # that it takes
    error: str = ""  # why there are none
    result: Any = None  # what an answer in /v1 would have been


def job_as_told(job: Job, now: float, seconds_kept: int) -> dict[str, Any]:
    """How far it is, keys by the alphabet as the vendor's documents have them."""
    passed = now - job.created
    if passed < job.seconds:
        status = "notRunning" if passed < job.seconds / 2 else "running"
        return {"created": job.created, "id": job.id, "status": status}
    if job.error:
        error = {"code": "contentFilter", "message": job.error}
        return {"created": job.created, "error": error, "id": job.id, "status": "failed"}
    expires = job.created + seconds_kept
    told = {"created": job.created, "expires": expires, "id": job.id, "result": job.result}
    return {**told, "status": "succeeded"}
