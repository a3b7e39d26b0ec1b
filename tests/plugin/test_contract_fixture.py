"""images_contract judges any client's answers, costs nothing unused, and says why it can't be had."""

from __future__ import annotations

import pytest

from mockserver.testing import ImagesMock
from tests.plugin.conftest import run, run_plain

ASKED = """
    import httpx2, json, requests
    ASK = {"prompt": "a fox", "size": "256x256", "response_format": "b64_json"}
    def sent(client, server, form=False):
        url, auth = server.url, {"Authorization": f"Bearer {server.api_key}"}
        if not form:
            return client.post(f"{url}/images/generations", json=ASK, headers=auth)
        from io import BytesIO
        from PIL import Image
        Image.new("RGB", (16, 16)).save(file := BytesIO(), "PNG")
        files = {"image": ("a.png", file.getvalue(), "image/png")}
        return client.post(f"{url}/images/variations", data={"n": "2"}, files=files, headers=auth)
"""


def test_answers_of_each_client_are_judged(downstream: pytest.Pytester) -> None:
    done = run(
        downstream,
        ASKED
        + """
    @pytest.mark.parametrize("form", [False, True])
    @pytest.mark.parametrize("client", [requests, httpx2], ids=lambda m: m.__name__)
    def test_good(images_contract, images_mock_server, client, form):
        images_contract.judge(sent(client, images_mock_server, form))
    def test_good_of_the_sdk(images_contract, images_client):
        images_contract.judge(images_client.images.with_raw_response.generate(**ASK))
    def test_good_stream(images_contract, images_mock, images_client):
        answer = images_client.images.with_raw_response.generate(
            model="gpt-image-2", prompt="a fox", stream=True, partial_images=1)
        images_contract.judge(answer)
    def test_later(images_contract, images_mock, images_client):
        images_mock.clock.advance(hours=3)
        images_contract.judge(images_client.images.with_raw_response.generate(**ASK))
    @pytest.mark.parametrize("client", [requests, httpx2], ids=lambda m: m.__name__)
    def test_bad(images_contract, images_mock, images_mock_server, client):
        images_mock.next.pictures(0)
        images_contract.judge(sent(client, images_mock_server))
    @pytest.mark.images_mock(as_of="2026-09-01")
    def test_another_day(images_contract, images_client):
        answer = images_client.images.with_raw_response.generate(model="gpt-image-2", prompt="a fox")
        images_contract.as_of("2026-09-01").judge(answer)
    """,
    )
    done.assert_outcomes(passed=8, failed=2)
    told = "E*AssertionError: There are as many pictures as were asked for: 0 pictures where 1*"
    done.stdout.fnmatch_lines([told, told])  # in CI the summary has it, too
    assert not list(downstream.path.rglob(".hypothesis"))


@pytest.mark.slow
def test_the_contract_is_that_of_the_sessions_server(downstream: pytest.Pytester) -> None:
    downstream.makefile(".toml", **{"images-mock": 'as-of = "2026-09-01"\n'})
    done = run(
        downstream,
        """
    def test_day(images_contract):
        assert images_contract.schema.raw_schema["info"]["x-rules"]["day"] == "2026-09-01"
    """,
    )
    done.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "day", [None, *(pytest.param(day, marks=pytest.mark.slow) for day in ("today", "2026-09-01"))]
)
def test_the_contract_is_that_of_a_shared_server_as_that_tells_its_day(
    downstream: pytest.Pytester, day: str | None
) -> None:
    code = f"""
    def test_day(images_mock_server):
        assert str(images_mock_server.as_of) == {str(day)!r}
    """
    with ImagesMock(as_of=day) if day else ImagesMock() as mock:
        done = run_plain(downstream, code, f"--images-mock-url={mock.url}")
    done.assert_outcomes(passed=1)


def test_who_does_not_ask_for_it_loads_nothing_of_it(downstream: pytest.Pytester) -> None:
    done = run_plain(
        downstream,
        """
    import sys
    def test_it(images_mock):
        assert poster()["data"]
        assert not {"contracts", "schemathesis", "hypothesis"} & sys.modules.keys()
    """,
    )
    done.assert_outcomes(passed=1)


USED = """
    def test_it(images_contract):
        pass
"""


def test_without_the_extra_it_says_what_to_install(downstream: pytest.Pytester) -> None:
    downstream.makeconftest("import sys\nsys.modules['yaml'] = None\n")
    done = run_plain(downstream, USED)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(
        ["*images_contract: *yaml*pip install 'openai-images-mock?contracts?'"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_package", [True, False])
def test_a_folder_that_hides_it_is_named(downstream: pytest.Pytester, is_package: bool) -> None:
    hiding = downstream.mkdir("contracts")
    hiding.joinpath("__init__.py" if is_package else "ours.py").touch()
    downstream.makeconftest(f"import sys\nsys.path.insert(0, {str(downstream.path)!r})\n")
    done = run(downstream, USED)
    if is_package:
        done.assert_outcomes(errors=1)
        done.stdout.fnmatch_lines([f"*images_contract: {hiding} is what `import contracts` finds*"])
    else:
        done.assert_outcomes(passed=1)  # a package goes before a folder without __init__.py
