"""What the plugin is tried beside: a small project each, and what shall come of it. Runs nothing."""

from __future__ import annotations

from tests.neighbours.case import CALL, Case
from tests.neighbours.interceptors import INTERCEPTORS

#: The attempts that fail leave a rule behind that no request met; the last one is well.
ATTEMPTS = """
    COUNT = []
    {marker}
    def test_it(images_mock):
        COUNT.append(1)
        assert images_mock.requests == []
        images_mock.next.rate_limit(name="busy")
        assert len(COUNT) > 2
        with pytest.raises(openai.RateLimitError): poster()
"""
#: The first attempt is stopped on its way to the real API, and swallows that; the next behaves.
ASTRAY = """
    COUNT = []
    {marker}
    def test_it():
        COUNT.append(1)
        if len(COUNT) == 1:
            with pytest.raises(pytest.fail.Exception):
                openai.OpenAI(base_url="https://api.openai.com/v1").images.generate(prompt="x")
            assert 0
        poster()
"""
FROZEN = """
    def test_it(images_mock):
        import httpx2, {module}
        images_mock.next.rate_limit(times=2, retry_after=20)
        with {travel}, images_mock.events(timeout=30) as events:
            made = APP.with_options(max_retries=2).images.generate(prompt="x", size="256x256")
            assert [next(events).request.status for _ in range(3)] == [429, 429, 200]
            assert httpx2.get(made.data[0].url).status_code == 200
        assert [r.status for r in images_mock.requests] == [429, 429, 200]
"""
#: The SDK finishes its classes at their first answer; two threads that do so at once may both fail.
BUILT = """
    from openai.types import Image, ImagesResponse
    Image.model_rebuild(), ImagesResponse.model_rebuild()
"""
PATCH = "from gevent import monkey; monkey.patch_all()\n"
DJANGO = """
from django.conf import settings
settings.configure(ROOT_URLCONF="test_app", ALLOWED_HOSTS=["*"], DATABASES={
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
"""


def _attempts(name: str, plugin: str, marker: str, *arguments: str, **outcome: int) -> list[Case]:
    return [
        Case(
            name,
            "each attempt has a new sandbox, and is no other's debtor",
            code.format(marker=marker),
            (plugin,),
            arguments,
            outcome={"passed": 1, **outcome},
        )
        for code in (ATTEMPTS,)
    ] + [
        Case(
            name,
            "an attempt that was stopped is forgiven once the next behaves",
            ASTRAY.format(marker=marker),
            (plugin,),
            arguments,
            outcome={"passed": 1, **dict.fromkeys(outcome, 1)},
        )
    ]


CASES: tuple[Case, ...] = (
    Case(
        "pytest-socket",
        "`--disable-socket`: who uses the mock fails, and is told the cure; the others run",
        """
    def test_it(images_mock): poster()
    def test_by_environment(): poster()
    def test_another(): pass
    def test_the_mock_alone(images_mock):
        with images_mock.events(timeout=30) as events:
            images_mock.refill()
            assert next(events).what == "limits"
        assert images_mock.requests == []
    @pytest.mark.enable_socket
    def test_let_out(images_mock): poster()
""",
        ("pytest_socket",),
        ("--disable-socket",),
        outcome={"errors": 1, "failed": 1, "passed": 3},
        lines=("*pytest-socket keeps *", "*--allow-hosts=127.0.0.1"),
    ),
    Case(
        "pytest-socket",
        "`--disable-socket --allow-hosts=127.0.0.1` works",
        CALL,
        ("pytest_socket",),
        ("--disable-socket", "--allow-hosts=127.0.0.1"),
    ),
    Case(
        "pytest-recording",
        "`--block-network`: who uses the mock fails, and is told the cure; the others run",
        """
    def test_it(images_mock): poster()
    def test_by_environment(): poster()
    def test_another(): pass
""",
        ("pytest_recording.plugin",),
        ("--block-network",),
        outcome={"failed": 2, "passed": 1},
        lines=("*--allowed-hosts=127.0.0.1",),
    ),
    Case(
        "pytest-recording",
        "`--block-network --allowed-hosts=127.0.0.1` works",
        CALL,
        ("pytest_recording.plugin",),
        ("--block-network", "--allowed-hosts=127.0.0.1"),
    ),
    Case(
        "gevent",
        "`patch_all()` in a conftest.py: who uses the mock is told the cure; the others run",
        """
    def test_another(): pass
    def test_it(images_mock): poster()
    def test_by_environment(): poster()
""",
        files={"conftest.py": PATCH},
        outcome={"passed": 1, "errors": 1, "failed": 1},
        lines=("*images-mock-url=http://127.0.0.1:6780",),
    ),
    Case(
        "gevent",
        "`patch_all()` in a test module, or in a test, breaks nothing that does without the mock",
        f"""
    {PATCH}
    def test_it(): pass
    def test_another():
        import threading
        t = threading.Thread(target=print); t.start(); t.join()
""",
    ),
    Case(
        "gevent",
        "with `images-mock` as a process of its own, all works",
        CALL,
        files={"conftest.py": PATCH},
        shared=True,
    ),
    *_attempts(
        "pytest-rerunfailures", "pytest_rerunfailures", "@pytest.mark.flaky(reruns=2)", rerun=2
    ),
    *_attempts("flaky", "flaky.flaky_pytest_plugin", "@pytest.mark.flaky(max_runs=3)"),
    *_attempts(
        "pytest-retry", "pytest_retry.retry_plugin", "@pytest.mark.flaky(retries=2)", retried=1
    ),
    Case(
        "pytest-timeout",
        "a test that hangs is ended and tells what it had asked; the next one is well",
        """
    @pytest.mark.timeout(2)
    def test_it(images_mock):
        images_mock.next.stall()
        APP.with_options(timeout=60).images.generate(prompt="a red fox")
    @pytest.mark.timeout(20)
    def test_waits_that_are_told_are_no_time(images_mock):
        images_mock.next.rate_limit(times=1, retry_after=100)
        APP.with_options(max_retries=1).images.generate(prompt="a red fox")
        images_mock.assert_called_once()
""",
        ("pytest_timeout",),
        outcome={"failed": 1, "passed": 1},
        lines=("*Timeout*", "*'a red fox'*"),
    ),
    Case(
        "pytest-timeout",
        "`--timeout-method=thread`, which ends the whole run where a test hangs, minds no other",
        CALL,
        ("pytest_timeout",),
        ("--timeout=60", "--timeout-method=thread"),
    ),
    Case(
        "pytest-run-parallel",
        "the threads of a test share its sandbox",
        BUILT
        + """
    def test_it(images_mock, thread_index):
        images_mock.on(prompt="never").refuse().remove()
        poster(f"thread {thread_index}")
        images_mock.assert_called_once(prompt=f"thread {thread_index}")
    def test_another(): pass
""",
        ("pytest_run_parallel.plugin",),
        ("--parallel-threads=4",),
    ),
    Case(
        "pytest-randomly",
        "no seed and no order moves a picture",
        """
    MADE = set()
    @pytest.mark.parametrize("time", [1, 2])
    def test_it(images_mock, time):
        import random
        random.seed(time)
        MADE.add(poster(response_format="b64_json").data[0].b64_json)
        assert len(MADE) == 1
""",
        ("pytest_randomly",),
    ),
    *(
        Case(
            name,
            f"{what} there are pictures, downloads and retries",
            FROZEN.format(module=name.replace("-", "_"), travel=travel),
            outcome={"passed": 1},
        )
        for name, what, travel in (
            ("freezegun", "in frozen time", 'freezegun.freeze_time("2024-01-01")'),
            ("freezegun", "with `tick=True`", 'freezegun.freeze_time("2024-01-01", tick=True)'),
            (
                "time-machine",
                "on a day that stands",
                'time_machine.travel("2024-01-01", tick=False)',
            ),
            ("time-machine", "on another day that goes on", 'time_machine.travel("2031-01-01")'),
        )
    ),
    Case(
        "pyfakefs",
        "a test with a file system of its own has its mock, and the pictures",
        """
    def test_it(images_mock, fs):
        import httpx2
        assert httpx2.get(poster().data[0].url).content[1:4] == b"PNG"
        images_mock.assert_called_once()
    def test_another(): pass
""",
        ("pyfakefs.pytest_plugin",),
    ),
    Case(
        "blockbuster",
        "scripts, assertions and calls of a test that may not block",
        """
    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_it(images_mock, async_images_client, anyio_backend):
        from blockbuster import blockbuster_ctx
        with blockbuster_ctx():
            images_mock.next.rate_limit()
            await async_images_client.images.generate(prompt="x", size="256x256")
            images_mock.assert_called_once()
    def test_another(): pass
""",
    ),
    Case(
        "pytest-trio",
        "the asynchronous client under trio",
        """
    @pytest.mark.trio
    async def test_it(images_mock, async_images_client):
        images_mock.next.rate_limit()
        await async_images_client.images.generate(prompt="x", size="256x256")
        images_mock.assert_called_once()
    def test_another(): pass
""",
        ("pytest_trio.plugin",),
    ),
    Case(
        "pytest-asyncio",
        "the asynchronous client, one event loop after the other",
        """
    @pytest.mark.asyncio
    @pytest.mark.parametrize("time", [1, 2])
    async def test_it(images_mock, async_images_client, time):
        images_mock.next.rate_limit()
        await async_images_client.images.generate(prompt="x", size="256x256")
        images_mock.assert_called_once()
""",
        ("pytest_asyncio.plugin",),
    ),
    Case(
        "pytest-django",
        "a view that calls the API, by Django's client and beside the database",
        """
    from django.http import HttpResponse
    from django.urls import path
    urlpatterns = [path("", lambda request: HttpResponse(poster().data[0].url))]
    @pytest.mark.django_db
    def test_it(images_mock, client):
        assert b"127.0.0.1" in client.get("/").content
        images_mock.assert_called_once()
    def test_by_environment(client): assert client.get("/").status_code == 200
""",
        ("pytest_django.plugin",),
        files={"conftest.py": DJANGO},
    ),
    Case(
        "hypothesis",
        "examples of a property share the test's sandbox; a health check wants a line",
        """
    from hypothesis import HealthCheck, given, settings, strategies as st
    @given(st.sampled_from(["a fox", "a boat"]))
    @settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_it(images_mock, prompt):
        images_mock.begin()
        poster(prompt)
        images_mock.assert_called_once(prompt=prompt)
    def test_another(): pass
""",
    ),
    Case("pytest-xdist", "a server for each worker", CALL, arguments=("-n", "2")),
    Case(
        "pytest-xdist",
        "`--dist=loadgroup`, too",
        CALL.replace("def test_it", '@pytest.mark.xdist_group("a")\n    def test_it'),
        arguments=("-n", "2", "--dist=loadgroup"),
    ),
    *INTERCEPTORS,
)
