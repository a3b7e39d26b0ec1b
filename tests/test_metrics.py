"""/_mock/metrics: what is counted, by which names, and that nobody can make more of them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from httpx2 import get, post
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.errors import Reason
from mockserver.core.journal import Record
from mockserver.core.picture import MEDIA
from mockserver.facts import ever
from mockserver.facts.platform import called
from mockserver.facts.words import TABLES
from mockserver.facts.words.azure import AZURE
from mockserver.request.counts import DOWNLOAD, OTHER, PARTS, STATUSES, TIMES, Counts
from mockserver.request.metrics import METRICS, Metric, Snapshot, merged, snapshot, text
from mockserver.request.world import World
from mockserver.store.memory import MemoryStore
from mockserver.testing import ImagesMock
from tests.batches import created, line, looks
from tests.conftest import GENERATIONS, Api, generate
from tests.in_process import LOOP, client_of
from tests.promtool import check, check_expressions, with_prometheus

DOCS = Path(__file__).parent.parent / "docs"
_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
Samples = dict[tuple[str, ...], float]  # by the values of the labels


def told(client: TestClient) -> str:
    answer = client.get("/_mock/metrics")
    assert answer.status_code == 200
    return answer.text


def samples(text: str) -> dict[str, Samples]:
    """The numbers of each series, by its name and the values of its labels."""
    found: dict[str, Samples] = defaultdict(dict)
    for told in text.splitlines():
        if not told.startswith("#"):
            name, labels, number = _SAMPLE.fullmatch(told).groups()  # type: ignore[union-attr]
            values = tuple(re.findall(r'="((?:[^"\\]|\\.)*)"', labels or ""))
            assert values not in found[name], told
            found[name][values] = float(number)
    return found


def counted(client: TestClient) -> dict[str, Samples]:
    return {n.removeprefix("images_mock_"): s for n, s in samples(told(client)).items()}


# -- what is counted ---------------------------------------------------------------------------


def test_requests_are_counted_by_operation_status_and_reason(api: Api) -> None:
    client = api(limits="5/min")
    for _ in range(6):
        generate(client)
    generate(client, size="12")
    client.get("/v1/nothing")
    client.post("/v1/files", headers={"Authorization": ""})
    assert counted(client)["requests_total"] == {
        ("images.generate", "200", ""): 5,
        ("images.generate", "429", "rate_limited"): 1,
        ("images.generate", "400", "not_one_of"): 1,
        ("files.create", "401", "missing_key"): 1,
        (OTHER, "404", "unknown_url"): 1,
    }


def test_pictures_money_and_refusals_of_limits_are_counted_by_model(api: Api) -> None:
    client = api(limits="5/min", as_of="2025-06-15")
    generate(client, model="dall-e-2", n=4, size="256x256")
    generate(client, model="dall-e-2", n=2, size="256x256")
    generate(client, model="gpt-image-1", output_format="webp", quality="low", size="1024x1024")
    found = counted(client)
    assert found["pictures_total"] == {
        ("dall-e-2", "256x256", "png"): 4,
        ("gpt-image-1", "1024x1024", "webp"): 1,
    }
    spent = client.get("/_mock/ledger").json()["spent_usd"]
    assert found["virtual_cost_usd_total"][("dall-e-2",)] == 0.064
    assert sum(found["virtual_cost_usd_total"].values()) == pytest.approx(spent)
    assert found["rate_limited_total"] == {("dall-e-2",): 1, ("gpt-image-1",): 0}


def test_a_limit_is_told_by_the_part_that_requests_found_used(api: Api) -> None:
    client = api(limits="4/min")
    for _ in range(5):
        generate(client)
    found = counted(client)
    ranges = {part: n for (_, part), n in found["limit_used_ratio_bucket"].items()}
    assert ranges == {"0.25": 1, "0.5": 2, "0.75": 3, "0.9": 3, "1.0": 4, "+Inf": 5}
    assert found["limit_used_ratio_sum"] == {("dall-e-2",): 0.25 + 0.5 + 0.75 + 1 + 1.25}


def test_a_clock_that_is_set_back_takes_no_time_away() -> None:
    counts, record = Counts(), Record("r", 0, "POST", GENERATIONS, "images.generate", status=200)
    for nanoseconds in (5, -7):
        counts.answered(record, None, nanoseconds)
    (sums,) = counts.kinds.values()
    assert (sums.times[0], sums.times[-1]) == (2, 5)


def test_times_are_those_until_the_answer_began(api: Api) -> None:
    client = api(latency="3s")
    generate(client)
    found = counted(client)
    ranges = {bound: n for (_, bound), n in found["request_duration_seconds_bucket"].items()}
    assert (ranges["2.0"], ranges["5.0"], ranges["+Inf"]) == (0, 1, 1)
    assert found["request_duration_seconds_sum"] == {("images.generate",): 3}


def test_downloads_are_counted_and_the_control_api_is_not(api: Api) -> None:
    client = api()
    client.get(generate(client).json()["data"][0]["url"])
    del client.headers["Authorization"]
    for path in ("/_mock/config", "/_mock/nothing", "/", "/favicon.ico"):
        client.get(path)
    assert counted(client)["requests_total"] == {
        ("images.generate", "200", ""): 1,
        (DOWNLOAD, "200", ""): 1,
    }


def test_each_line_of_a_batch_is_counted_as_the_request_that_it_is(api: Api) -> None:
    client = api(as_of="2026-11-28")
    batch = created(client, line("a"), line("b"), line("c", size="7"))
    assert [*looks(client, batch, "completed")]
    requests = counted(client)["requests_total"]
    assert {k: n for k, n in requests.items() if k[0] == "images.generate"} == {
        ("images.generate", "200", ""): 2,
        ("images.generate", "400", "size_form"): 1,
    }


def test_gauges_tell_what_is_there_now() -> None:
    with ImagesMock() as mock:
        images = mock.sandbox("sk-mock-a").begin()
        with images.events(timeout=60):
            found = samples(get(f"{mock.address}/_mock/metrics").text)
        post(f"{mock.url}/images/generations", json={"prompt": "x"}, headers=KEY)
        after = samples(get(f"{mock.address}/_mock/metrics").text)
    assert found["images_mock_event_listeners"] == {(): 1}
    assert found["images_mock_connections"][()] >= 2
    assert found["images_mock_journal_bytes"] == {(): 0}
    assert after["images_mock_journal_bytes"][()] > 500
    assert after["images_mock_sandboxes"] == {(): 2}
    for state in (found, after):
        assert state["images_mock_requests_in_flight"] == {(): 0}


def test_a_request_is_in_flight_while_it_is_answered_whatever_becomes_of_it() -> None:
    app = create_app(configured(log_format="none"), clock=ManualClock())
    counts, seen = app.state.world.counts, list[int]()
    answered = counts.answered

    def looked(*told: Any) -> None:
        seen.append(counts.in_flight)
        answered(*told)

    counts.answered = looked
    client = client_of(app, KEY)
    generate(client)
    generate(client, prompt="mock:disconnect")
    client.post(GENERATIONS, content="{")
    assert (seen, counts.in_flight) == ([1, 1, 1], 0)


def test_the_store_says_how_it_is(clock: ManualClock) -> None:
    store = MemoryStore(now=clock.now)
    store.health.degraded, store.health.errors = True, 7
    client = client_of(create_app(configured(log_format="none"), clock=clock, store=store))
    found = counted(client)
    assert (found["store_degraded"], found["store_errors_total"]) == ({(): 1}, {(): 7})
    assert [state for _, _, state in found["build_info"]] == ["memory"]


# -- how it is told ----------------------------------------------------------------------------

KEY = {"Authorization": "Bearer sk-mock-me"}


def busy(client: Any) -> None:
    """Let there be a number of each metric."""
    answer = generate(client)
    if answer.status_code == 200:
        client.get(answer.json()["data"][0]["url"], headers=KEY)
    generate(client, prompt="mock:429")
    generate(client, model="gpt-image-2", size="1536x864", quality="low")
    client.post("/v1/responses", json={"model": "gpt-5", "input": "hi"}, headers=KEY)


def test_every_metric_is_told_with_its_type_and_what_it_is_about(api: Api) -> None:
    client = api()
    busy(client)
    said = told(client)
    for metric in METRICS:
        assert said.count(f"\n# TYPE {metric.name} {metric.kind}\n") == 1 or metric is METRICS[0]
        assert f"# HELP {metric.name} {metric.about}\n" in said
        series = f"{metric.name}_bucket" if metric.kind == "histogram" else metric.name
        assert f"\n{series}" in said


def test_it_is_the_text_format_and_not_kept_by_anybody(api: Api) -> None:
    answer = api().get("/_mock/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("\n")


@with_prometheus
def test_prometheus_has_nothing_to_say_against_it(api: Api) -> None:
    client = api()
    assert check("metrics", told(client)) == ""
    busy(client)
    assert check("metrics", told(client)) == ""


def test_a_label_is_escaped() -> None:
    told = text(merged([{"images_mock_build_info": [(['1"\\', "a\nb", ""], 1)]}]))
    assert r'images_mock_build_info{version="1\"\\",python="a\nb",state=""} 1' in told


def test_who_may_not_use_the_control_api_is_told_nothing(api: Api) -> None:
    open_to_all = api(host="0.0.0.0", control_token="s3cret")
    del open_to_all.headers["Authorization"]
    for headers, status in (({}, 401), (KEY, 401), ({"Authorization": "Bearer s3cret"}, 200)):
        assert open_to_all.get("/_mock/metrics", headers=headers).status_code == status
    assert api().get("/_mock/metrics", headers={"Host": "evil.example"}).status_code == 421
    assert api().get("/_mock/metrics", headers={"Origin": "http://evil.test"}).status_code == 403
    assert api().post("/_mock/metrics", json={}).status_code == 405


def test_a_scrape_leaves_no_trace(api: Api) -> None:
    client = api()
    for _ in range(3):
        told(client)
    assert client.get("/_mock/requests").json()["requests"] == []
    assert client.get("/_mock/sandboxes").json()["sandboxes"] == []
    assert "requests_total" not in counted(client)


# -- bounded -----------------------------------------------------------------------------------


def test_what_clients_make_up_makes_no_series() -> None:
    app = create_app(configured(log_format="none", validation="schema"), clock=ManualClock())
    client = client_of(app, KEY)
    for number in range(60):
        generate(client, model=f"m{number}", size=f"{256 + number}x256", key=f"sk-mock-{number}")
        client.request(f"M{number}", f"/v1/{number}")
    before, kinds = len(told(client).splitlines()), len(app.state.world.counts.kinds)
    for number in range(60, 120):
        generate(client, model=f"m{number}", size=f"{256 + number}x256", key=f"sk-mock-{number}")
        client.request(f"M{number}", f"/v1/{number}")
    assert len(told(client).splitlines()) == before
    assert len(app.state.world.counts.kinds) == kinds
    assert {size for _, size, _ in counted(client)["pictures_total"]} == {"256x256", OTHER}


def test_what_rules_answer_makes_few_series(api: Api) -> None:
    client = api()
    here = {"Mock-Sandbox-Key": "sk-mock-me"}
    for status in (*range(200, 600, 11), *range(400, 440)):
        rule = {"then": {"respond": status}, "next": True}
        assert client.post("/_mock/rules", json=rule, headers=here).status_code == 201
        assert generate(client).status_code == status
    statuses = {status for _, status, _ in counted(client)["requests_total"]}
    assert statuses - {str(s) for s in STATUSES} == {"2xx", "3xx", "4xx", "5xx"}


def test_every_status_that_words_have_is_told_as_it_is() -> None:
    tables = [*TABLES.values(), AZURE]
    assert {wording.status for table in tables for wording in table.values()} <= STATUSES


def test_there_are_never_so_many_series_as_the_page_says() -> None:
    operations, models = len(called()) + 2, len(ever()["model"]) + 1
    answers = len(STATUSES) + len(["2xx", "3xx", "4xx", "5xx"]) + len(Reason)
    pictures = models * (len(ever()["size"]) + 1) * len(MEDIA)
    ranges = operations * (len(TIMES) + 3) + models * (len(PARTS) + 3)
    assert operations * answers + pictures + ranges + 2 * models + len(METRICS) < 5_000


# -- several workers ---------------------------------------------------------------------------


def one(**told: Any) -> Snapshot:
    return {f"images_mock_{name}": rows for name, rows in told.items()}


def test_workers_are_summed_up_and_what_ended_stays_counted(api: Api) -> None:
    live = [
        one(requests_total=[(["a", "200", ""], 2), (["a", "400", "x"], 1)], connections=[([], 3)])
    ]
    live += [
        one(requests_total=[(["a", "200", ""], 5)], connections=[([], 4)], sandboxes=[([], 9)])
    ]
    gone = [one(requests_total=[(["a", "200", ""], 10)], connections=[([], 100)])]
    found = merged(live, gone)
    rows = {tuple(labels): n for labels, n in found["images_mock_requests_total"]}
    assert rows == {("a", "200", ""): 17, ("a", "400", "x"): 1}
    assert found["images_mock_connections"] == [([], 7)]
    assert found["images_mock_sandboxes"] == [([], 9)]


def test_histograms_are_summed_range_by_range_and_a_shared_store_counts_once() -> None:
    row = [*range(len(TIMES) + 1), 0.5]
    told = one(
        request_duration_seconds=[(["a"], row)], sandboxes=[([], 4)], journal_bytes=[([], 9)]
    )
    found = merged([told, told])
    assert found["images_mock_request_duration_seconds"] == [(["a"], [2 * n for n in row])]
    assert (found["images_mock_sandboxes"], found["images_mock_journal_bytes"]) == (
        [([], 4)],
        [([], 9)],
    )


def test_a_snapshot_is_json_and_tells_the_same_by_whatever_way_it_came() -> None:
    world = World(configured(log_format="none"), ManualClock())
    own = LOOP.run_until_complete(snapshot(world))
    assert text(merged([json.loads(json.dumps(own))])) == text(merged([own]))


# -- the page ----------------------------------------------------------------------------------


def row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about} |"


with_docs = pytest.mark.skipif(not DOCS.exists(), reason="the docs are out of the way")


def page() -> str:
    return (DOCS / "observability.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page(), re.MULTILINE | re.DOTALL)


@with_docs
def test_the_page_has_every_metric_as_it_is_told() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert rows == [row(metric) for metric in METRICS]


@with_docs
@with_prometheus
def test_prometheus_takes_the_page_s_configuration_and_questions(tmp_path: Path) -> None:
    config, token = tmp_path / "prometheus.yml", tmp_path / "token"
    token.write_text("s3cret")
    config.write_text(blocks("yaml")[0].replace("/etc/prometheus/images-mock.token", str(token)))
    assert check("config", file=config) == ""
    (job,) = yaml.safe_load(config.read_text())["scrape_configs"]
    assert job["metrics_path"] == "/_mock/metrics"
    assert check_expressions([q.strip() for q in blocks("promql")], tmp_path) == ""
