"""Libraries that catch HTTP requests before they leave, and the plugin beside them. Runs nothing."""

from __future__ import annotations

from tests.neighbours.case import Case

INTERCEPTORS: tuple[Case, ...] = (
    Case(
        "vcrpy",
        "with `ignore_localhost` the mock sees each request, and no cassette has any",
        """
    @pytest.fixture(scope="module")
    def vcr_config(): return {"ignore_localhost": True}
    @pytest.mark.vcr
    @pytest.mark.parametrize("time", [1, 2])
    def test_it(images_mock, time, request):
        poster()
        images_mock.assert_called_once()
        assert not (request.path.parent / "cassettes").exists()
""",
        ("pytest_recording.plugin",),
        ("--record-mode=once",),
    ),
    Case(
        "respx",
        "it catches `httpx`; today's SDK passes it by and reaches the mock",
        """
    def test_it(images_mock, respx_mock):
        poster()
        images_mock.assert_called_once()
    def test_another(): pass
""",
        ("respx.plugin",),
    ),
    Case(
        "pytest-httpx2",
        '`httpx2_mock.route(host="127.0.0.1").pass_through()` lets the SDK through',
        """
    def test_it(images_mock, httpx2_mock):
        httpx2_mock.route(host="127.0.0.1").pass_through()
        poster()
        images_mock.assert_called_once()
    def test_another(): pass
""",
        ("pytest_httpx2",),
    ),
    Case(
        "pook",
        "a test that fails while it catches requests is reported, and the run goes on",
        """
    def test_it(images_mock):
        import pook
        poster()
        with pook.use():
            assert images_mock.requests == []
    def test_another(): pass
""",
        outcome={"failed": 1, "passed": 1},
        lines=("*images.generate dall-e-2 256x256*",),
    ),
    Case(
        "responses",
        "the SDK reaches the mock; `add_passthru` lets downloads by `requests` through",
        """
    @pytest.mark.parametrize("time", [1, 2])
    def test_it(images_mock, time):
        import requests, responses
        with responses.RequestsMock() as caught:
            caught.add_passthru("http://127.0.0.1")
            assert requests.get(poster().data[0].url).content[1:4] == b"PNG"
        images_mock.assert_called_once()
""",
    ),
    Case(
        "requests-mock",
        "the SDK reaches the mock; `real_http=True` lets downloads by `requests` through",
        """
    @pytest.mark.parametrize("time", [1, 2])
    def test_it(images_mock, time):
        import requests, requests_mock
        with requests_mock.Mocker(real_http=True):
            assert requests.get(poster().data[0].url).content[1:4] == b"PNG"
        images_mock.assert_called_once()
""",
    ),
)
