"""What the compose file and the proxy's configuration promise, read as they are written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mockserver import __version__
from mockserver.config import Config
from mockserver.settings import size
from tests.deploy.manifests import DEPLOY, compose, container, pods

SERVICES: dict[str, Any] = compose()["services"]
CONF = (DEPLOY / "nginx.conf").read_text("utf-8")
PORT = Config().port


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_nothing_that_it_needs_not(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"]  # where it may write
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid"}


def test_only_the_proxy_is_reached_and_that_from_this_machine_alone() -> None:
    published = {name: service.get("ports") for name, service in SERVICES.items()}
    assert published == {
        "proxy": [f"${{LISTEN:-127.0.0.1:{PORT}}}:{PORT}"],
        "mock": None,
        "valkey": None,
    }
    assert compose()["networks"]["inside"] == {"internal": True}  # no way out
    assert SERVICES["mock"]["networks"] == SERVICES["valkey"]["networks"] == ["inside"]


def test_there_are_three_mocks_of_this_version() -> None:
    mock = SERVICES["mock"]
    assert mock["deploy"]["replicas"] == 3
    assert mock["image"] == f"images-mock:{__version__}"
    assert "IMAGES_MOCK_PORT" not in mock["environment"]


def test_images_of_others_have_a_version() -> None:
    for name in ("proxy", "valkey"):
        assert re.fullmatch(r"[a-z/-]+:\d+\.\d+\.\d+-alpine", SERVICES[name]["image"])
    assert SERVICES["valkey"]["image"] == container(pods()["images-mock-valkey"])["image"]


def test_each_waits_until_what_it_needs_is_healthy() -> None:
    needs = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    healthy = {"condition": "service_healthy"}
    assert needs == {"proxy": {"mock": healthy}, "mock": {"valkey": healthy}, "valkey": {}}
    checks = [name for name, service in SERVICES.items() if "healthcheck" in service]
    assert checks == ["proxy", "valkey"]  # the mock's is in its image
    assert "HEALTHCHECK" in (DEPLOY.parent / "Dockerfile").read_text("utf-8")


def test_no_secret_is_written_there() -> None:
    told = SERVICES["mock"]["environment"]["IMAGES_MOCK_CONTROL_TOKEN"]
    assert told.startswith("${CONTROL_TOKEN:?")  # without one it does not start, and says so
    lines = (DEPLOY / ".env.example").read_text("utf-8").splitlines()
    assert [line for line in lines if line[:1] != "#"] == ["CONTROL_TOKEN="]


def test_files_of_all_keys_fit_where_they_are_kept() -> None:
    mock = SERVICES["mock"]
    ((place, options),) = [mount.split(":") for mount in mock["tmpfs"]]
    assert mock["environment"]["TMPDIR"] == place
    room = size(re.findall(r"size=(\d+)g", options)[0] + "GiB")
    assert room > 4 * size(mock["environment"]["IMAGES_MOCK_FILE_ROOM"])
    assert size(mock["deploy"]["resources"]["limits"]["memory"].replace("g", "GiB")) > room


def test_the_proxy_leads_to_the_port_of_the_mocks_and_stores_nothing() -> None:
    assert f"server mock:{PORT} max_fails=0 resolve;" in CONF
    assert f"listen {PORT};" in CONF
    assert "proxy_buffering off;" in CONF  # nobody sees that it is on before an answer is large
    assert f"127.0.0.1:{PORT}/_mock/ready" in SERVICES["proxy"]["healthcheck"]["test"][-1]
    (mount,) = SERVICES["proxy"]["volumes"]
    source, _, how = mount.split(":")
    assert (DEPLOY / source).is_file()
    assert how == "ro"
    written = re.findall(r"(?:_temp_path|pid) (\S+);", CONF)
    assert all(path.startswith("/tmp/") for path in written)
    assert len(written) == 6
