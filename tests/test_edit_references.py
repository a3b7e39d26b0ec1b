"""Edits in JSON: what pictures are referred to, and what is found there without a fetch."""

from __future__ import annotations

import io
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.config import ConfigError, config_of, resolve
from tests.conftest import Api, error, generate
from tests.edits import (
    DAY,
    HERE,
    edit,
    encoded,
    half_clear,
    in_data,
    parts,
    pictures,
    refer,
    scene,
    told,
)
from tests.test_records import seconds


def test_data_urls_are_as_good_as_files(client: TestClient) -> None:
    one, two, mask = encoded(scene()), encoded(scene(hue=3), "WEBP"), encoded(half_clear())
    files = [*parts(one), *parts(two, kind="image/webp")]
    by_form = edit(client, files, mask=mask).json()
    answer = refer(client, in_data(one), in_data(two, "image/webp"), mask=in_data(mask))
    assert answer.json() == by_form


def test_the_journal_tells_references_like_uploads(client: TestClient) -> None:
    file = encoded(scene(40, 30))
    refer(client, in_data(file), mask=in_data(encoded(half_clear(40, 30))))
    fields = told(client)["fields"]
    (image,) = fields["images"]
    assert image["image_url"].startswith("data:image/png;base64,")
    assert len(image["image_url"]) <= 201
    assert (image["bytes"], image["width"], image["height"]) == (len(file), 40, 30)
    assert fields["mask"]["format"] == "PNG"
    assert fields["size"] == "1447x1086"  # filled in, like the picture


@pytest.mark.parametrize(
    ("image", "param", "code"),
    [
        ({}, "images[0].image_url", "missing_required_parameter"),
        ("x", "images[0]", "invalid_type"),
        ({"url": "x"}, "images[0].url", "unknown_parameter"),
        ({"image_url": 1}, "images[0].image_url", "invalid_type"),
        ({"image_url": "x", "file_id": "y"}, "images[0].file_id", "unknown_parameter"),
        ({"file_id": "file-1"}, "images[0].file_id", "invalid_value"),
        ({"image_url": "data:image/png;base64,!"}, "images[0].image_url", "invalid_image_file"),
        ({"image_url": "data:image/png;base64,eA=="}, "images[0].image_url", "invalid_image_file"),
        ({"image_url": "http://169.254.169.254/"}, "url", "invalid_value"),
        ({"image_url": "file:///etc/passwd"}, "url", "invalid_value"),
        ({"image_url": "http://[/private/"}, "url", "invalid_value"),
        ({"image_url": ""}, "url", "invalid_value"),
    ],
)
def test_a_reference_that_is_none_is_refused(
    client: TestClient, image: Any, param: str, code: str
) -> None:
    refused = error(refer(client, image))
    assert (refused["param"], refused["code"]) == (param, code)


@pytest.mark.parametrize("name", ["model", "prompt", "images"])
def test_null_is_no_value_of_these(client: TestClient, name: str) -> None:
    refused = error(refer(client, in_data(encoded(scene())), **{name: None}))
    assert (refused["param"], refused["code"]) == (name, "invalid_type")


@pytest.mark.parametrize("name", ["n", "size", "quality", "stream", "mask", "user"])
def test_null_is_as_good_as_not_there(client: TestClient, name: str) -> None:
    assert refer(client, in_data(encoded(scene())), **{name: None}).status_code == 200


def test_of_two_faults_the_one_is_told_that_is_looked_at_first(client: TestClient) -> None:
    faults: list[dict[str, Any]] = [
        {"image": 1},
        {"prompt": ""},
        {"images": []},
        {"n": 0},
        {"quality": "hd"},
    ]
    for place, fault in enumerate(faults[:-1]):
        (name,) = fault
        answer = refer(client, in_data(encoded(scene())), **faults[place + 1], **fault)
        assert error(answer)["param"] == name


def test_json_came_to_gpt_image_models_on_its_day(api: Api) -> None:
    file = in_data(encoded(scene()))
    for day, status in (("2026-02-08", 400), ("2026-02-09", 200)):
        client = api(as_of=day)
        assert refer(client, file, model="gpt-image-1").status_code == status
        code = error(refer(client, file, model="dall-e-2"))["code"]
        assert code == "unsupported_content_type"


def test_a_picture_of_this_server_is_found_by_its_url(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds(DAY) - clock.now() / 1e9)
    client = api()
    url = generate(client, size="256x256").json()["data"][0]["url"]
    picture = Image.open(io.BytesIO(client.get(url).content)).convert("RGB")
    answer = refer(client, {"image_url": url}, size="1024x1024", model="gpt-image-2")
    assert answer.status_code == 200
    shown = pictures(answer)[0].crop((0, 0, 1024, 500))
    large = picture.resize((1024, 1024), Image.Resampling.LANCZOS).crop((0, 0, 1024, 500))
    found = ImageChops.difference(shown, large).convert("L")
    assert found.histogram()[3:] == [0] * 253
    altered = url.replace("sig=", "sig=x")
    assert error(refer(client, {"image_url": altered}))["message"].endswith("status code: 403.")
    clock.advance(3600)
    assert error(refer(client, {"image_url": url}))["message"].endswith("status code: 403.")


def test_a_rule_says_what_an_address_has(client: TestClient) -> None:
    fox, gone = "https://example.com/fox.png", "https://example.com/gone.png"
    file = encoded(scene(hue=77))
    hint = refer(client, {"image_url": fox}).headers["mock-hint"]
    assert f'addresses = {{ "{fox}" = ' in hint
    given = {fox: b64encode(file).decode(), "file-7": b64encode(file).decode(), gone: 503}
    rule = {"when": {"model": "gpt-image-2"}, "then": {"addresses": given}}
    posted = client.post("/_mock/rules", headers=HERE, json=rule)
    assert posted.status_code == 201
    told_rule = posted.json()
    assert told_rule["then"]["addresses"][gone] == 503
    assert told_rule["then"]["addresses"][fox]["bytes"] == len(file)
    place = f"/_mock/rules/{told_rule['id']}"
    assert client.put(place, headers=HERE, json=told_rule).json()["then"] == told_rule["then"]
    same = edit(client, parts(file)).json()["data"]
    for image in ({"image_url": fox}, {"file_id": "file-7"}):
        assert refer(client, image).json()["data"] == same
    refused = refer(client, {"image_url": gone})
    assert error(refused)["message"] == "Error while downloading file. Upstream status code: 503."
    assert refer(client, {"image_url": fox}, model="gpt-image-1.5").status_code == 400
    client.delete("/_mock/rules", headers=HERE)


def test_a_rule_of_the_configuration_file_names_files_by_their_paths(tmp_path: Path) -> None:
    file, address = encoded(scene()), "https://example.com/fox.png"
    (tmp_path / "fox.png").write_bytes(file)
    table = f'"{address}" = "fox.png", "file-1" = 410'
    written = tmp_path / "images-mock.toml"
    written.write_text(f"[[rules]]\nthen = {{ addresses = {{ {table} }} }}\n")
    (rule,) = config_of(resolve(flags={}, environment={}, directory=tmp_path)).rules
    assert dict(rule.then.addresses) == {address: b64encode(file).decode(), "file-1": 410}
    written.write_text(f'[[rules]]\nthen = {{ addresses = {{ "{address}" = "no.png" }} }}\n')
    with pytest.raises(ConfigError, match="then.addresses 'no.png' can't be read"):
        resolve(flags={}, environment={}, directory=tmp_path)
