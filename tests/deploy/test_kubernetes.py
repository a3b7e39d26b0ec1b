"""What the manifests promise, read as they are written. Rendered and judged by schema: beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mockserver import __version__
from mockserver.config import Config
from mockserver.settings import size
from tests.conftest import Api
from tests.deploy.manifests import (
    EXAMPLE,
    KUBERNETES,
    TEAMS,
    container,
    documents,
    files,
    kustomization,
    of_kind,
    parsed,
    pods,
    variables,
)

MOCK, STORE = "images-mock", "images-mock-valkey"
PORTS = {MOCK: Config().port, STORE: 6379}
#: Keys of a Secret by which others get in.
SECRET = {"state", "control-token", "seed", "valkey-password"}


def selected(selector: Any) -> list[str]:
    """The pods that these labels are true of."""
    wanted = selector.get("matchLabels", selector).items()
    return [name for name, pod in pods().items() if wanted <= pod["metadata"]["labels"].items()]


@pytest.mark.parametrize("name", PORTS)
def test_a_container_may_do_nothing_that_it_needs_not(name: str) -> None:
    pod = pods()[name]
    spec, own = pod["spec"]["securityContext"], container(pod)["securityContext"]
    assert spec["runAsNonRoot"]
    assert spec["runAsUser"] > 0 < spec["runAsGroup"]
    assert spec["seccompProfile"] == {"type": "RuntimeDefault"}
    assert own == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert pod["spec"]["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()


@pytest.mark.parametrize("name", PORTS)
def test_a_container_says_what_it_takes_at_least_and_at_most(name: str) -> None:
    resources = container(pods()[name])["resources"]
    assert {*resources["requests"]} == {*resources["limits"]} == {"cpu", "memory"}


def test_the_mock_runs_as_the_user_of_its_image() -> None:
    spec = pods()[MOCK]["spec"]["securityContext"]
    dockerfile = (KUBERNETES.parents[1] / "Dockerfile").read_text("utf-8")
    assert f"USER {spec['runAsUser']}:{spec['runAsGroup']}\n" in dockerfile


@pytest.mark.parametrize("name", PORTS)
def test_what_is_written_goes_to_a_directory_that_has_a_bound(name: str) -> None:
    pod = pods()[name]
    mounts = {m["name"]: m["mountPath"] for m in container(pod)["volumeMounts"]}
    volumes = {v["name"]: v["emptyDir"]["sizeLimit"] for v in pod["spec"]["volumes"]}
    assert volumes.keys() == mounts.keys()
    if name == MOCK:
        told = variables(pod)
        assert told["TMPDIR"] == mounts["tmp"]
        room = size(volumes["tmp"].replace("Gi", "GiB"))
        assert room > 4 * size(told["IMAGES_MOCK_FILE_ROOM"])  # of all keys together


def test_each_probe_asks_what_the_server_answers_without_a_key(api: Api) -> None:
    mock = container(pods()[MOCK])
    ports = {port["name"] for port in mock["ports"]}
    client = api(control_token="a-token", host="0.0.0.0")
    del client.headers["Authorization"]
    paths = {}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = mock[probe]["httpGet"]
        assert asked["port"] in ports
        paths[probe] = asked["path"]
        assert client.get(asked["path"], headers={"Host": "10.1.2.3:6780"}).status_code == 200
    assert paths["livenessProbe"] == "/_mock/live"
    assert paths["readinessProbe"] == paths["startupProbe"] == "/_mock/ready"


@pytest.mark.parametrize("name", PORTS)
def test_a_service_leads_to_the_port_that_its_pods_have(name: str) -> None:
    service = of_kind("Service")[name]["spec"]
    assert selected(service["selector"]) == [name]
    (port,), (own,) = service["ports"], container(pods()[name])["ports"]
    assert port["port"] == own["containerPort"] == PORTS[name]
    assert port["targetPort"] == own["name"]


def test_names_in_the_cluster_are_names_that_the_mock_answers_for(api: Api) -> None:
    client = api(allowed_host=variables(pods()[MOCK])["IMAGES_MOCK_ALLOWED_HOST"].split(","))
    for host in (MOCK, f"{MOCK}.{MOCK}.svc", f"{MOCK}.{MOCK}.svc.cluster.local"):
        assert client.get("/_mock/live", headers={"Host": f"{host}:6780"}).status_code == 200


# -- network


def reached(name: str, way: str) -> list[tuple[Any, set[tuple[str, int]]]]:
    """Whom the policies of a pod let it reach, or let reach it: selectors, and ports."""
    policies = [p["spec"] for p in of_kind("NetworkPolicy").values()]
    mine = [p for p in policies if selected(p["podSelector"]) == [name]]
    assert {kind for p in mine for kind in p["policyTypes"]} == {"Ingress", "Egress"}
    other = "to" if way == "egress" else "from"
    return [
        (one, {(port["protocol"], port["port"]) for port in rule["ports"]})
        for policy in mine
        for rule in policy.get(way, ())
        for one in rule[other]
    ]


def test_the_mock_reaches_names_and_its_store_and_nothing_else() -> None:
    names, store = reached(MOCK, "egress")
    assert names[0].keys() == {"namespaceSelector", "podSelector"}  # both at once
    assert names[0]["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
    assert names[1] == {("UDP", 53), ("TCP", 53)}
    assert store[0].keys() == {"podSelector"}  # of the same namespace
    assert selected(store[0]["podSelector"]) == [STORE]
    assert store[1] == {("TCP", PORTS[STORE])}


def test_the_store_reaches_nothing_and_only_the_mock_reaches_it() -> None:
    assert reached(STORE, "egress") == []
    ((who, ports),) = reached(STORE, "ingress")
    assert selected(who["podSelector"]) == [MOCK]
    assert ports == {("TCP", PORTS[STORE])}


def test_pods_of_the_cluster_reach_the_mock_at_its_port_alone() -> None:
    ((who, ports),) = reached(MOCK, "ingress")
    assert who == {"namespaceSelector": {}}
    assert ports == {("TCP", PORTS[MOCK])}


# -- how many


def test_two_pods_at_least_are_there_whatever_a_node_does() -> None:
    (deployment,) = [d for n, d in of_kind("Deployment").items() if n == MOCK]
    (scaler,) = of_kind("HorizontalPodAutoscaler").values()
    (budget,) = of_kind("PodDisruptionBudget").values()
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", MOCK)
    assert scaler["spec"]["maxReplicas"] > scaler["spec"]["minReplicas"] >= 2
    assert "replicas" not in deployment["spec"]  # each `apply` would take it back
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert selected(budget["spec"]["selector"]) == [MOCK]
    assert budget["spec"]["maxUnavailable"] == 1


def test_there_is_one_truth() -> None:
    spec = of_kind("Deployment")[STORE]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


# -- images and secrets


def test_images_have_a_version() -> None:
    images = {name: container(pod)["image"] for name, pod in pods().items()}
    assert images[MOCK] == f"{MOCK}:{__version__}"
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+(-\w+)?", images[STORE])
    (named,) = kustomization(EXAMPLE)["images"]
    assert (named["name"], str(named["newTag"])) == (MOCK, __version__)


def test_what_lets_somebody_in_comes_from_a_secret_that_is_not_here() -> None:
    assert of_kind("Secret") == {}
    keys = {key for pod in pods().values() for key in variables(pod).values() if _is_key(key)}
    assert keys == {(MOCK, key) for key in SECRET}
    lines = (EXAMPLE / "secret.env.example").read_text("utf-8").splitlines()
    told = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    assert told.keys() == SECRET
    assert [name for name, value in told.items() if value] == ["state"]
    assert told["state"] == f"redis://:THE-PASSWORD@{STORE}:{PORTS[STORE]}/0"
    (made,) = kustomization(EXAMPLE)["secretGenerator"]
    assert made == {"name": MOCK, "envs": ["secret.env"]}


def _is_key(value: Any) -> bool:
    return isinstance(value, tuple)


def test_git_ignores_what_is_written_there() -> None:
    ignored = (KUBERNETES.parents[1] / ".gitignore").read_text("utf-8").splitlines()
    assert {"secret.env", "deploy/.env"} <= {*ignored}
    assert not [*KUBERNETES.rglob("secret.env.*")][1:]


def test_each_file_is_part_of_a_kustomization() -> None:
    told = {*files(EXAMPLE), TEAMS / "deployment.yaml"}
    there = {*KUBERNETES.rglob("*.yaml")} - {*KUBERNETES.rglob("kustomization.yaml")}
    assert {path.resolve() for path in told} == {path.resolve() for path in there}


def test_all_that_is_named_is_named_once() -> None:
    names = [(doc["kind"], doc["metadata"]["name"]) for doc in documents(EXAMPLE)]
    assert len(names) == len({*names})


def test_tokens_of_teams_are_a_file_that_nobody_else_reads() -> None:
    (patch,) = kustomization(TEAMS)["patches"]
    (doc,) = parsed(TEAMS / patch["path"])
    assert doc["metadata"]["name"] == MOCK
    pod = doc["spec"]["template"]
    (mount,) = container(pod)["volumeMounts"]
    assert mount["readOnly"]
    file = Path(variables(pod)["IMAGES_MOCK_CONTROL_TOKEN_FILE"])
    assert str(file.parent) == mount["mountPath"]
    comment = (TEAMS / "kustomization.yaml").read_text("utf-8")
    (volume,) = pod["spec"]["volumes"]
    assert f"generic {volume['secret']['secretName']} --from-file={file.name}" in comment
