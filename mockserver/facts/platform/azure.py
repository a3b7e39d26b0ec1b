"""Azure OpenAI's paths, versions, models and limits as values, from azure.toml. Decides nothing."""

from typing import NamedTuple

from mockserver.facts.files import cached, typed
from mockserver.facts.platform import table

_FILE = "platform/azure.toml"


class Way(NamedTuple):
    """One method of one path, and the versions of the API that have it."""

    id: str  # an operation of /v1, or azure.…
    method: str
    path: str  # with its parameters in braces
    versions: str  # "dated" or "v1"
    source: str
    level: str
    since: str = ""  # the first dated version
    until: str = "9999"  # the last


class Versions(NamedTuple):
    """What `api-version` can be."""

    dated: tuple[str, ...]
    v1: tuple[str, ...]
    source: str
    level: str


class Deployable(NamedTuple):
    """Models, and how one asks for their pictures."""

    ids: tuple[str, ...]
    way: str  # "deployment" or "submit"
    source: str
    level: str


class Narrowed(NamedTuple):
    """A parameter that takes fewer values than in /v1."""

    family: str  # of models
    parameter: str
    values: tuple[str, ...]
    source: str
    level: str


class Rate(NamedTuple):
    """What a deployment takes."""

    per_minute: int  # requests
    source: str
    level: str


class Told(NamedTuple):
    """What answers tell of the place that they are from."""

    region: str
    pricing: str
    source: str
    level: str


class Filters(NamedTuple):
    """What is told of a picture's and a prompt's content."""

    severity: tuple[str, ...]  # categories with a severity
    detected: tuple[str, ...]  # those of a prompt alone, found or not
    source: str
    level: str


class Job(NamedTuple):
    """How long the jobs of 2023 are kept, and how often one may look."""

    seconds_kept: int
    retry_after: int  # seconds
    source: str
    level: str


class AzureFacts(NamedTuple):
    """All of it."""

    ways: tuple[Way, ...]
    versions: Versions
    models: tuple[Deployable, ...]
    narrowed: tuple[Narrowed, ...]
    rate: Rate
    answer: Told
    filters: Filters
    job: Job

    def models_of(self, way: str) -> tuple[str, ...]:
        """The models that are asked for in this way."""
        return tuple(id for row in self.models if row.way == way for id in row.ids)


@cached
def azure() -> AzureFacts:
    """What is known of Azure OpenAI."""
    rows = table("azure")
    return AzureFacts(
        ways=tuple(typed(Way, row, f"{_FILE}, endpoint") for row in rows["endpoint"]),
        versions=typed(Versions, rows["versions"], f"{_FILE}, [versions]"),
        models=tuple(typed(Deployable, row, f"{_FILE}, model") for row in rows["model"]),
        narrowed=tuple(typed(Narrowed, row, f"{_FILE}, narrowed") for row in rows["narrowed"]),
        rate=typed(Rate, rows["rate"], f"{_FILE}, [rate]"),
        answer=typed(Told, rows["answer"], f"{_FILE}, [answer]"),
        filters=typed(Filters, rows["filters"], f"{_FILE}, [filters]"),
        job=typed(Job, rows["job"], f"{_FILE}, [job]"),
    )
