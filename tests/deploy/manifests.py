"""What lies in deploy/, read as YAML, without the programs that would render it. Tests nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
EXAMPLE = KUBERNETES / "example"
TEAMS = KUBERNETES / "teams"
PREFIX = "IMAGES_MOCK_"
Document = Mapping[str, Any]


def documents(directory: Path) -> Iterator[Document]:
    """All that a kustomization and those it names consist of, as it is written, without patches."""
    for file in files(directory):
        yield from parsed(file)


@cache
def parsed(file: Path) -> tuple[Any, ...]:
    """The documents of a file; read once, for it takes PyYAML a tenth of a second."""
    return tuple(yaml.safe_load_all(file.read_text("utf-8")))


def files(directory: Path) -> Iterator[Path]:
    """The resources that a kustomization names, and those that it includes name."""
    told = kustomization(directory)
    for name in (*told.get("resources", ()), *told.get("components", ())):
        place = (directory / name).resolve()
        yield from files(place) if place.is_dir() else [place]


def kustomization(directory: Path) -> Document:
    (found,) = parsed(directory / "kustomization.yaml")
    assert isinstance(found, dict)
    return found


def of_kind(kind: str) -> dict[str, Document]:
    """Those of a kind in the example, by name."""
    found = [doc for doc in documents(EXAMPLE) if doc["kind"] == kind]
    return {doc["metadata"]["name"]: doc for doc in found}


def pods() -> dict[str, Document]:
    """What each Deployment makes, by its name: metadata and spec."""
    return {name: doc["spec"]["template"] for name, doc in of_kind("Deployment").items()}


def container(pod: Document) -> Document:
    """The only one of a pod."""
    (found,) = pod["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def variables(pod: Document) -> dict[str, Any]:
    """The environment: a text, or the key of a Secret as a tuple."""
    found: dict[str, Any] = {}
    for variable in container(pod)["env"]:
        if "value" in variable:
            found[variable["name"]] = variable["value"]
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            found[variable["name"]] = (reference["name"], reference["key"])
    return found


def compose() -> dict[str, Any]:
    """The services of the compose file, by name; and `networks` beside them."""
    (found,) = parsed(DEPLOY / "compose.yaml")
    assert isinstance(found, dict)
    return found
