"""What is deployed, rendered where kubectl is there, and judged by the schemas of its formats."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from copy import deepcopy
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.manifests import (
    EXAMPLE,
    KUBERNETES,
    Document,
    compose,
    container,
    documents,
    pods,
    variables,
)

pytestmark = pytest.mark.deploy

#: The first that knows all that the manifests say (`sleep` before a pod stops), and the newest here.
VERSIONS = ("1.30", "1.37")
SECRET_FILE = "secret.env"


def needs(package: str) -> None:
    """Skip where a package is missing, but not in CI."""
    if find_spec(package) is None:
        reason = f"{package} is not installed: pip install '.[deploy]'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def kubectl() -> str:
    """That of the machine. Debian's is too old for components, so CI may be without."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not there")
    return found


@pytest.fixture
def with_secrets(tmp_path: Path) -> Path:
    """The example in a copy, where its secrets are filled in."""
    shutil.copytree(KUBERNETES, tmp_path / "kubernetes")
    example = tmp_path / "kubernetes" / EXAMPLE.name
    shutil.copy(example / f"{SECRET_FILE}.example", example / SECRET_FILE)
    return example


def rendered(directory: Path) -> list[Document]:
    words = [kubectl(), "kustomize", str(directory)]
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    return [*yaml.safe_load_all(told.stdout)]


def assert_valid(some: Sequence[Any]) -> None:
    needs("kubernetes_validate")
    import kubernetes_validate

    for version in VERSIONS:
        for document in some:
            kubernetes_validate.validate(document, version, strict=True)


def test_each_document_is_one_of_kubernetes() -> None:
    assert_valid([*documents(EXAMPLE)])


def test_a_document_that_is_wrong_is_found_to_be() -> None:
    needs("kubernetes_validate")
    import kubernetes_validate

    wrong = [deepcopy(doc) for doc in documents(EXAMPLE) if doc["kind"] == "Deployment"]
    wrong[0]["spec"]["template"]["spec"]["containers"][0]["readinessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        assert_valid(wrong)


def test_what_kustomize_makes_of_the_example_is_valid_and_the_same(with_secrets: Path) -> None:
    made = rendered(with_secrets)
    assert_valid(made)
    written = {(doc["kind"], doc["metadata"]["name"]) for doc in documents(EXAMPLE)}
    (secret,) = [doc for doc in made if doc["kind"] == "Secret"]
    others = [doc for doc in made if doc is not secret]
    assert {(doc["kind"], doc["metadata"]["name"]) for doc in others} == written
    assert {doc["metadata"].get("namespace", "images-mock") for doc in made} == {"images-mock"}
    for doc in others:
        if doc["kind"] == "Deployment":
            pod, name = doc["spec"]["template"], doc["metadata"]["name"]
            told = {n: v for n, v in variables(pod).items() if isinstance(v, tuple)}
            assert {place for place, _ in told.values()} == {secret["metadata"]["name"]}
            assert pod["spec"]["securityContext"] == pods()[name]["spec"]["securityContext"]
            assert container(pod)["image"].startswith(
                ("registry.example/team/images-mock:", "valkey/")
            )


def test_kustomize_says_which_file_of_secrets_is_missing(with_secrets: Path) -> None:
    (with_secrets / SECRET_FILE).unlink()
    with pytest.raises(AssertionError, match=SECRET_FILE):
        rendered(with_secrets)


def test_tokens_of_teams_come_beside_what_is_there(with_secrets: Path) -> None:
    file = with_secrets / "kustomization.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("  - ../valkey ", "  - ../teams\n  - ../valkey "), "utf-8")
    made = rendered(with_secrets)
    assert_valid(made)
    (pod,) = [
        doc["spec"]["template"]
        for doc in made
        if (doc["kind"], doc["metadata"]["name"]) == ("Deployment", "images-mock")
    ]
    assert variables(pod).keys() > variables(pods()["images-mock"]).keys()
    mounts = {m["name"]: m["mountPath"] for m in container(pod)["volumeMounts"]}
    assert mounts == {"teams": "/etc/images-mock", "tmp": "/tmp"}


def test_the_compose_file_is_one_by_the_specification() -> None:
    needs("check_jsonschema")
    vendor = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((vendor / "compose-spec.json").read_text("utf-8"))
    jsonschema.validate(compose(), schema)
    wrong = deepcopy(compose())
    wrong["services"]["mock"]["readonly"] = True
    with pytest.raises(jsonschema.ValidationError, match="readonly"):
        jsonschema.validate(wrong, schema)
