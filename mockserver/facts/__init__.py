"""What OpenAI offered, as typed values read once from the TOML files here. Decides nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, for all of its models."""

    name: str
    type: str  # "string", "integer" or "file"
    source: str
    level: str
    required: bool = False
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    values: tuple[str, ...] | None = None  # in the order in which the API's error lists them


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint and its parameters, in the order in which they are checked."""

    id: str
    method: str
    path: str
    default_model: str
    parameters: tuple[Parameter, ...]
    form: bool = False  # the body is multipart, else JSON


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What uploads one model takes in one operation. Modes are named as Pillow names them."""

    bytes_max: int
    side_max: int  # pixels
    image_modes: tuple[str, ...]
    source: str
    level: str
    image_modes_with_mask: tuple[str, ...] = ()
    mask_modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What one model takes in one operation."""

    n_max: int
    sizes: tuple[str, ...]  # by the API reference
    default_size: str
    milliseconds: tuple[int, int]  # shortest and longest processing time recorded
    source: str
    level: str
    prompt_max: int = 0  # characters
    page_sizes: tuple[str, ...] = ()  # by the model page
    upload: UploadRules | None = None
    default_quality: str | None = None
    default_style: str | None = None
    ignored: tuple[str, ...] = ()  # parameters that are accepted and change nothing
    revises_prompt: bool = False
    milliseconds_hd: tuple[int, int] | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model and the operations that it serves."""

    id: str
    created: int  # Unix seconds, as GET /v1/models says
    owned_by: str
    shutdown: date | None
    offers: Mapping[str, Offer]  # by operation id


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """The fixed parts of a picture's URL."""

    seconds_before: int
    seconds_after: int
    sv: str
    skoid: str
    sktid: str
    source: str
    level: str


@dataclass(frozen=True, slots=True)
class MagicKey:
    """An API key with an effect: either a tier or a refusal (the name of an error)."""

    name: str
    help: str
    tier: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts under the rules of one day."""

    day: date
    dialect: str
    openai_version: str
    request_id_prefix: str
    link: LinkFacts
    operations: Mapping[str, Operation]
    models: Mapping[str, Model]
    tiers: tuple[str, ...]
    limits: Mapping[str, Mapping[str, Mapping[str, int]]]  # table → model → tier → images a minute
    prices: Mapping[
        str, Mapping[str, Mapping[tuple[str, str], float]]
    ]  # list → model → (quality, size)
    magic_prefix: str
    magic_keys: Mapping[str, MagicKey]
    mismatched_organization: str


@lru_cache(maxsize=1)
def load() -> Facts:
    """The facts of the default day. Reads the files of this package once a process."""
    era = _read("timeline")["era"][0]
    limits, magic = _read("limits"), _read("magic")
    return Facts(
        day=era["day"],
        dialect=era["dialect"],
        openai_version=era["openai_version"],
        request_id_prefix=era["request_id_prefix"],
        link=LinkFacts(**era["link"]),
        operations={o["id"]: _operation(o) for o in _read("parameters")["operation"]},
        models={m["id"]: _model(m) for m in _read("models")["model"]},
        tiers=tuple(limits["tiers"]),
        limits=_limits(limits),
        prices=_prices(_read("prices")),
        magic_prefix=magic["prefix"],
        magic_keys={k["name"]: MagicKey(**k) for k in magic["key"]},
        mismatched_organization=magic["organization"]["mismatch"],
    )


def _read(name: str) -> dict[str, Any]:
    # Not by importlib.resources, which costs a server 4 ms of its start.
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _operation(table: dict[str, Any]) -> Operation:
    return Operation(
        id=table["id"],
        method=table["method"],
        path=table["path"],
        default_model=table["default_model"],
        parameters=tuple(Parameter(**_frozen(p)) for p in table["parameter"]),
        form=table.get("form", False),
    )


def _model(table: dict[str, Any]) -> Model:
    return Model(
        id=table["id"],
        created=table["created"],
        owned_by=table["owned_by"],
        shutdown=table.get("shutdown"),
        offers={
            f"images.{name}": _offer(table[name])
            for name in ("generate", "edit", "vary")
            if name in table
        },
    )


def _offer(table: dict[str, Any]) -> Offer:
    plain = {k: v for k, v in table.items() if k != "upload"}
    upload = UploadRules(**_frozen(table["upload"])) if "upload" in table else None
    return Offer(**_frozen(plain), upload=upload)


def _limits(file: dict[str, Any]) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in file["table"]:
        by_tier = dict(zip(file["tiers"], row["images_per_minute"], strict=True))
        found.setdefault(row["id"], {})[row["model"]] = by_tier
    return found


def _prices(file: dict[str, Any]) -> dict[str, dict[str, dict[tuple[str, str], float]]]:
    found: dict[str, dict[str, dict[tuple[str, str], float]]] = {}
    for row in file["price"]:
        usual = {("", size): usd for size, usd in row["usd"].items()}
        hd = {("hd", size): usd for size, usd in row.get("usd_hd", {}).items()}
        found.setdefault(row["list"], {})[row["model"]] = usual | hd
    return found
