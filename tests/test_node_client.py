"""The client for Node: what is generated of it, what is packed, its types, its own tests."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from mockserver import __version__
from mockserver.client.rules import Script
from mockserver.core.rules.effects import EFFECTS
from mockserver.testing import ImagesMock
from tests.node import environment, run
from tests.test_javascript import CLIENT, project

__all__ = ["project"]
README = CLIENT / "README.md"
TESTS = Path(__file__).parent / "javascript" / "client"
if not CLIENT.exists():
    pytest.skip("the clients are out of the way", allow_module_level=True)


def generator() -> Any:
    spec = spec_from_file_location("generate", CLIENT / "generate.py")
    assert spec
    assert spec.loader
    found = module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_what_is_generated_is_what_the_generator_makes() -> None:
    for name, content in generator().files().items():
        kept = (CLIENT / "lib" / name).read_text("utf-8")
        assert kept == content, "run python clients/node/generate.py"


def test_an_effect_that_the_server_learns_is_a_method_by_one_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = generator()
    document = made.document()
    told = json.loads(json.dumps(document))
    effects = told["components"]["schemas"]["Effect"]["properties"]
    effects["fade_out"] = {
        "anyOf": [
            {"type": "boolean"},
            {"type": "object", "properties": {"for_ms": {"type": "integer"}}},
        ]
    }
    monkeypatch.setattr(made, "document", lambda: told)
    files = made.files()
    assert '  fade_out: {"flag": true, "fields": ["for_ms"]},\n' in files["generated.cjs"]
    assert "  fadeOut?: boolean | {\n    forMs?: number;\n  };\n" in files["generated.d.cts"]
    assert (
        "  fadeOut(value: {\n    forMs?: number;\n  } & RuleOptions): Rule;\n"
        in files["generated.d.cts"]
    )


def test_each_effect_of_python_has_a_method_of_the_same_name() -> None:
    made = generator()
    typed = (CLIENT / "index.d.cts").read_text("utf-8") + made.files()["generated.d.cts"]
    methods = {n for n in vars(Script) if not n.startswith("_")} - {"then"} | {*EFFECTS}
    assert {n for n in methods if f"  {made.camel(n)}(" not in typed} == set()


def test_version_and_licence_are_the_servers() -> None:
    told = json.loads((CLIENT / "package.json").read_text("utf-8"))
    assert told["version"] == __version__
    assert "dependencies" not in told
    assert (CLIENT / "LICENSE").read_bytes() == (CLIENT.parent.parent / "LICENSE").read_bytes()


@pytest.mark.javascript
def test_what_is_packed_is_what_is_used() -> None:
    done = run(CLIENT, "npm", "pack", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    [told] = json.loads(done.stdout)
    files = {file["path"] for file in told["files"]}
    sources = {str(p.relative_to(CLIENT)) for p in CLIENT.rglob("*") if p.is_file()}
    assert files == {f for f in sources if not f.endswith((".py", ".pyc"))}
    exported = json.dumps(json.loads((CLIENT / "package.json").read_text("utf-8"))["exports"])
    assert {
        name.removeprefix("./") for name in re.findall(r'"(\./[\w-]+\.\w+)"', exported)
    } <= files


@pytest.mark.javascript
def test_a_strict_type_checker_takes_what_is_right_and_refuses_what_is_not(project: Path) -> None:
    for name in ("typed.mts", "typed.cts"):
        (project / name).write_bytes((TESTS / name).read_bytes())
    strict = ("--strict", "--noEmit", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess")
    kind = ("--target", "es2022", "--module", "nodenext", "--types", "node")
    done = run(project, "npx", "tsc", *strict, *kind, "typed.mts", "typed.cts")
    assert done.returncode == 0, done.stdout


@pytest.mark.javascript
def test_the_readme_of_the_package_shows_what_works(project: Path) -> None:
    [shown] = re.findall(r"^```js\n(.*?)^```", README.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (project / "readme.mjs").write_text(shown, "utf-8")
    done = run(project, "node", "readme.mjs")
    assert (done.returncode, done.stdout) == (0, "[ 429, 429, 200 ]\n"), done.stderr


@pytest.mark.javascript
@pytest.mark.parametrize("part", ["scripts", "looks"])
def test_the_clients_own_tests_pass(server: ImagesMock, part: str) -> None:
    done = run(TESTS, "node", "--test", f"{part}.test.mjs", IMAGES_MOCK_URL=server.url)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.javascript
def test_what_closes_the_net_is_opened_for_the_server_as_the_page_says(
    project: Path, server: ImagesMock
) -> None:
    (project / "beside.test.mjs").write_bytes((TESTS / "beside.test.mjs").read_bytes())
    done = run(project, "node", "--test", "beside.test.mjs", IMAGES_MOCK_URL=server.url)
    assert done.returncode == 0, done.stdout + done.stderr


def is_gone(address: str) -> bool:
    """Whether nobody answers there any more, sooner or later."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx2.get(f"{address}/_mock/ready", trust_env=False, timeout=60)
        except httpx2.TransportError:
            return True
    return False


@pytest.mark.javascript
def test_a_runner_that_is_killed_leaves_no_server_behind() -> None:
    with subprocess.Popen(
        ["node", "left-alone.mjs"],
        cwd=TESTS,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        ready = httpx2.get(f"{address}/_mock/ready", trust_env=False)
        assert ready.json()["status"] == "ready"
        process.kill()
        process.stdout.read()
    assert is_gone(address)


@pytest.mark.javascript
def test_a_server_that_nobody_stops_keeps_no_process_alive_and_ends_with_it() -> None:
    script = (
        'import { start } from "../../../clients/node/index.mjs";\n'
        "const server = await start();\n"
        "server.sandbox().next.refuse();\n"
        "console.log(server.address);"
    )
    done = run(TESTS, "node", "--input-type=module", "-e", script)
    assert done.returncode == 0, done.stderr
    assert is_gone(done.stdout.strip())


@pytest.mark.javascript
@pytest.mark.parametrize(
    ("settings", "command", "said"),
    [
        ({}, "no-images-mock", "no-images-mock could not be started: it is not on the PATH."),
        ({"tier": "6"}, "images-mock", "images-mock ended with exit code 3 before it was ready:"),
    ],
)
def test_a_server_that_does_not_start_is_told(
    settings: dict[str, str], command: str, said: str
) -> None:
    script = (
        'import { start } from "../../../clients/node/index.mjs";\n'
        f"await start({json.dumps(settings)}, {{ command: {json.dumps(command)} }}).catch((error) => console.log(error.message));"
    )
    done = run(TESTS, "node", "--input-type=module", "-e", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(said)
    assert "tier" in done.stdout or "pip install" in done.stdout


@pytest.mark.javascript
def test_a_command_that_never_is_ready_ends_in_time_and_is_told(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\necho hello >&2\nexec sleep 1000\n", "utf-8")
    silent.chmod(0o755)
    script = (
        'import { start } from "../../../clients/node/index.mjs";\n'
        f"await start({{}}, {{ command: {json.dumps(str(silent))}, timeout: 2000 }})"
        ".catch((error) => console.log(error.message));"
    )
    done = run(TESTS, "node", "--input-type=module", "-e", script)
    assert done.stdout == f"{silent} was not ready within 2000 ms:\nhello\n", done.stderr


@pytest.mark.javascript
def test_a_variable_says_which_command_is_started(tmp_path: Path) -> None:
    program = 'console.log(process.env.IMAGES_MOCK_URL ? "there" : "not there")'
    command = Path(sys.executable).with_name("images-mock")
    elsewhere = tmp_path / "my-mock"
    elsewhere.symlink_to(command)
    runner = str(CLIENT / "with-images-mock.mjs")
    done = run(TESTS, "node", runner, "node", "-e", program, IMAGES_MOCK_COMMAND=str(elsewhere))
    assert (done.returncode, done.stdout) == (0, "there\n"), done.stderr


@pytest.mark.javascript
@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGHUP, signal.SIGTERM])
def test_a_command_that_a_signal_ends_is_no_success(number: signal.Signals) -> None:
    runner = str(CLIENT / "with-images-mock.mjs")
    done = run(TESTS, "node", runner, "sh", "-c", f"kill -{number.value} $$")
    assert (done.returncode, done.stderr) == (128 + number, "")


@pytest.mark.javascript
def test_a_second_run_in_the_same_process_has_a_server_of_its_own() -> None:
    script = (  # what `jest --watch` does
        'import setup from "../../../clients/node/global-setup.mjs";\n'
        'import teardown from "../../../clients/node/global-teardown.mjs";\n'
        'import { join } from "../../../clients/node/index.mjs";\n'
        "for (const run of [1, 2]) {\n"
        "  await setup();\n"
        "  console.log(join().sandbox().requests.length);\n"
        "  await teardown();\n"
        "}\n"
        "console.log(process.env.IMAGES_MOCK_URL);"
    )
    done = run(TESTS, "node", "--input-type=module", "-e", script)
    assert done.stdout == "0\n0\nundefined\n", done.stderr


def answering(listener: socket.socket) -> None:
    """Three answers: the body of the first is none, the others are well."""
    broken = b"Transfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\nzz\r\n"
    well = [b'Content-Length: 16\r\n\r\n{"sandboxes": %d}' % number for number in (1, 2)]
    for answer in (broken, *well):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + answer)


@pytest.mark.javascript
def test_an_answer_that_breaks_off_is_not_the_next_ones() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=answering, args=(listener,), daemon=True).start()
        script = (
            'import { Sandbox } from "../../../clients/node/index.mjs";\n'
            f'const mock = new Sandbox("http://127.0.0.1:{listener.getsockname()[1]}", "sk-mock-a");\n'
            "for (const time of [1, 2, 3]) {\n"
            "  try { console.log(mock.others); } catch (error) { console.log(error.name); }\n"
            "}"
        )
        done = run(TESTS, "node", "--input-type=module", "-e", script)
    assert done.stdout == "ControlError\n1\n2\n", done.stderr


@pytest.mark.javascript
def test_a_command_gets_a_server_and_gives_its_exit_code() -> None:
    program = "console.log(new URL(process.env.IMAGES_MOCK_URL).hostname); process.exit(7)"
    done = run(TESTS, "node", str(CLIENT / "with-images-mock.mjs"), "node", "-e", program)
    assert (done.returncode, done.stdout) == (7, "127.0.0.1\n"), done.stderr
    done = run(TESTS, "node", str(CLIENT / "with-images-mock.mjs"))
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
