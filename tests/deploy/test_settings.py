"""The variables that manifests set are settings of ours, with values that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.config import config_of, resolve
from mockserver.settings import BY_NAME
from tests.deploy.manifests import PREFIX, TEAMS, compose, parsed, pods, variables

#: What a Secret has, or who starts it gives.
GIVEN = {"state": "redis://:a@store:6379/0", "control-token": "a-token", "seed": "a seed"}
#: Settings that this version does not have yet: what is said of them is not looked at.
TO_COME = {"state", "workers", "on-state-outage", "control-token-file"} - BY_NAME.keys()


def of_teams() -> dict[str, Any]:
    (patch,) = parsed(TEAMS / "deployment.yaml")
    return variables(patch["spec"]["template"])


def of_pods() -> dict[str, Any]:
    return variables(pods()["images-mock"])


def of_compose() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]["mock"]["environment"]
    return found


@pytest.mark.parametrize("variables_of", [of_compose, of_pods, of_teams])
def test_each_variable_is_a_setting_and_can_be_read(variables_of: Any) -> None:
    told: Mapping[str, Any] = variables_of()
    environment = {}
    for variable, value in told.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower().replace("_", "-")
        assert name in BY_NAME.keys() | TO_COME, variable
        is_given = isinstance(value, tuple) or value.startswith("${")
        if name not in TO_COME and name != "control-token-file":  # which is a file that is not here
            environment[variable] = GIVEN[name] if is_given else value
    config = config_of(resolve(flags={}, environment=environment, directory=None))
    assert config.magic == "on"


def test_compose_and_kubernetes_say_the_same() -> None:
    both = of_compose().keys() & of_pods().keys()
    plain = {v for v in both if isinstance(of_pods()[v], str)}
    assert plain == {"IMAGES_MOCK_ON_STATE_OUTAGE", "IMAGES_MOCK_FILE_ROOM", "TMPDIR"}
    for variable in plain:
        assert of_compose()[variable] == of_pods()[variable], variable
    assert BY_NAME["control-token"].secret
