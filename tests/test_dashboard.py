"""deploy/grafana.json: each of its expressions asks for what there is; a real Prometheus answers."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from mockserver.request.metrics import METRICS, Metric
from mockserver.testing import ImagesMock
from tests.promtool import check_expressions, free_port, with_prometheus
from tests.test_metrics import DOCS, blocks, busy

FILE = DOCS.parent / "deploy" / "grafana.json"
if not FILE.exists():
    pytest.skip("the dashboard is out of the way", allow_module_level=True)
BOARD: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
PANELS: list[dict[str, Any]] = BOARD["panels"]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
PATIENCE = 60.0  # seconds
_WORDS = re.compile(r"\b(sum|max|rate|increase|by|on|group_left|histogram_quantile)\b")
_SERIES = re.compile(r"\b([a-z]\w+)(?:\{(.*?)\})")


def targets() -> list[dict[str, Any]]:
    return [target for panel in PANELS for target in panel["targets"]]


def expressions(job: str = "$job") -> list[str]:
    """As Prometheus is asked them."""
    found = [target["expr"] for target in targets()]
    values = {"$__rate_interval": "5m", "$__range": "30m", "$instance": ".+", "$job": job}
    for name, value in values.items():
        found = [expression.replace(name, value) for expression in found]
    return found


def names_of(metric: Metric) -> dict[str, set[str]]:
    """The series of a metric, and the labels of each."""
    labels = {*metric.labels, "job", "instance"}
    if metric.kind != "histogram":
        return {metric.name: labels}
    of_ranges = {f"{metric.name}_bucket": {*labels, "le"}}
    return of_ranges | {f"{metric.name}_{part}": labels for part in ("sum", "count")}


SERIES = {name: labels for metric in METRICS for name, labels in names_of(metric).items()}


def test_every_expression_names_series_and_labels_that_there_are() -> None:
    for target in targets():
        expression = target["expr"]
        asked = _SERIES.findall(expression)
        names = {name for name, _ in asked}
        assert names, expression
        assert names <= SERIES.keys()
        labels = set.intersection(*(SERIES[name] for name in names))
        for name, conditions in asked:
            assert set(re.findall(r"(\w+)(?:=|!)", conditions)) <= SERIES[name], expression
            assert {"job", "instance"} <= set(re.findall(r"(\w+)=", conditions)), expression
        for group in re.findall(r"(?:by|on) \((.*?)\)", expression):
            found = set(group.split(", "))
            assert found <= set.union(*(SERIES[name] for name in names)), expression
        shown = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
        assert shown <= labels, expression
        rest = _WORDS.sub("", _SERIES.sub("", expression))
        assert not re.search(r"images_mock|process_", rest), expression


def test_every_metric_is_on_it() -> None:
    asked = {name for target in targets() for name, _ in _SERIES.findall(target["expr"])}
    assert [m.name for m in METRICS if not asked & names_of(m).keys()] == []


@with_prometheus
def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    assert check_expressions(expressions(), tmp_path) == ""


def test_panels_fill_the_width_in_rows_and_none_covers_another() -> None:
    places = [tuple(panel["gridPos"][side] for side in "xywh") for panel in PANELS]
    for (x, y, w, h), (x2, y2, w2, h2) in combinations(places, 2):
        assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
    rows = {y: [p for p in places if p[1] == y] for _, y, _, _ in places}
    for row in rows.values():
        assert (sum(w for _, _, w, _ in row), len({h for *_, h in row})) == (24, 1)
    assert places == sorted(places, key=lambda place: (place[1], place[0]))


def test_each_panel_has_its_own_id_and_title_and_takes_the_source_that_was_chosen() -> None:
    for name in ("id", "title"):
        values = [panel[name] for panel in PANELS]
        assert len(set(values)) == len(values)
    for panel in PANELS:
        assert panel["datasource"] == SOURCE
        references = [target["refId"] for target in panel["targets"]]
        assert references == [*"ABC"[: len(references)]]
        assert len(references) == 1 or all(target["legendFormat"] for target in panel["targets"])


def test_its_variables_are_there_before_they_are_asked_for() -> None:
    known = {"__rate_interval", "__range"}
    for variable in BOARD["templating"]["list"]:
        said = json.dumps([variable.get("datasource"), variable["query"]])
        assert set(re.findall(r"\$\{?(\w+)", said)) <= known
        known.add(variable["name"])
    assert set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS))) <= known
    asked = [v["query"]["query"] for v in BOARD["templating"]["list"] if v["type"] == "query"]
    assert all(re.fullmatch(r"label_values\((\w+)(\{.*\})?, (job|instance)\)", q) for q in asked)
    assert all(re.findall(r"\((\w+)", q)[0] in SERIES for q in asked)


# -- with a real Prometheus --------------------------------------------------------------------


@contextmanager
def prometheus(config: dict[str, Any], folder: Path) -> Iterator[httpx2.Client]:
    """A Prometheus with this configuration, and a client of it."""
    file, address = folder / "prometheus.yml", f"127.0.0.1:{free_port()}"
    file.write_text(yaml.safe_dump(config))
    words = [f"--config.file={file}", f"--storage.tsdb.path={folder}/data"]
    words += [f"--web.listen-address={address}", "--log.level=error"]
    process = subprocess.Popen(["prometheus", *words], stderr=subprocess.STDOUT)
    try:
        with httpx2.Client(base_url=f"http://{address}", timeout=PATIENCE) as client:
            yield client
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answered(client: httpx2.Client, expression: str) -> bool:
    """Whether there is something to be shown."""
    try:
        told = client.get("/api/v1/query", params={"query": expression}).json()
    except httpx2.ConnectError:  # it has not begun
        return False
    return bool(told.get("data", {}).get("result"))


@pytest.mark.slow
@with_prometheus
def test_a_real_prometheus_has_an_answer_for_every_panel(tmp_path: Path) -> None:
    config, token = yaml.safe_load(blocks("yaml")[0]), tmp_path / "token"
    token.write_text("s3cret")
    (job,) = config["scrape_configs"]
    job["authorization"]["credentials_file"] = str(token)
    wanted = ["up == 1", *expressions(job["job_name"])]
    with ImagesMock(control_token="s3cret", limits="50/min") as mock:
        job |= {"scrape_interval": "1s", "static_configs": [{"targets": [mock.address[7:]]}]}
        with prometheus(config, tmp_path) as asked, httpx2.Client(base_url=mock.address) as client:
            end = time.monotonic() + PATIENCE
            while wanted and time.monotonic() < end:
                busy(client)
                wanted = [expression for expression in wanted if not answered(asked, expression)]
    assert wanted == []
