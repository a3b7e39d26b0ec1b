"""`images-mock env` and `images-mock certificate`, beside a server that the command started."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockserver.cli import cli
from mockserver.client.reached import Reached, variables
from mockserver.config import ConfigError, configured
from mockserver.server.entrances import Entrances
from mockserver.server.listening import NotListening
from mockserver.testing import ImagesMock
from tests.tls.entered import served

COMMAND = (sys.executable, "-m", "mockserver")


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with served("asyncio") as server:
        yield server


def run(*arguments: object, **variables: str) -> Result:
    names = [name for name in os.environ if name.startswith(("IMAGES_MOCK", "OPENAI_"))]
    environment = dict.fromkeys(names) | variables
    return CliRunner().invoke(cli, [*map(str, arguments)], env=environment)


def test_env_leads_by_the_address_by_https_or_by_the_proxy(
    mock: ImagesMock, tmp_path: Path
) -> None:
    at = ("--url", mock.address, "--format", "json")
    plain = json.loads(run("env", *at).stdout)
    assert plain["OPENAI_BASE_URL"] == mock.url
    assert not {"SSL_CERT_FILE", "HTTPS_PROXY"} & plain.keys()
    ca = tmp_path / "ca.pem"
    secured = json.loads(run("env", *at, "--tls", "--ca", ca, "--key", "sk-mock-b").stdout)
    assert (secured["OPENAI_BASE_URL"], secured["OPENAI_API_KEY"]) == (mock.https_url, "sk-mock-b")
    assert secured["NODE_EXTRA_CA_CERTS"] == secured["SSL_CERT_FILE"] == str(ca)
    assert ca.read_text() == mock._access.authority
    by_proxy = json.loads(run("env", *at, "--proxy", "--ca", ca).stdout)
    assert "OPENAI_BASE_URL" not in by_proxy
    assert {by_proxy[name] for name in ("HTTPS_PROXY", "https_proxy", "http_proxy")} == {
        mock.proxy_url
    }
    assert by_proxy["NODE_USE_ENV_PROXY"] == "1"
    assert by_proxy == mock.environment(ca)


def test_the_certificate_is_kept_where_only_the_user_writes(
    mock: ImagesMock, tmp_path: Path
) -> None:
    told = run("env", "--url", mock.address, "--proxy", XDG_CACHE_HOME=str(tmp_path))
    file = Path(re.findall(r"^export SSL_CERT_FILE='(.*)'$", told.stdout, re.MULTILINE)[0])
    assert file.parent == tmp_path / "images-mock"
    assert file.read_text() == mock._access.authority
    if os.name == "posix":
        assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash, curl")
def test_a_shell_takes_its_lines(mock: ImagesMock, tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    script = (
        f'eval "$({sys.executable} -m mockserver env --proxy --url {mock.address} --ca ca.pem)"\n'
        'curl -sSq https://api.openai.com/v1/models -H "Authorization: Bearer $OPENAI_API_KEY"\n'
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
    )
    assert '"object": "list"' in done.stdout, done.stderr


def test_what_a_server_has_not_is_said_with_its_flag(tmp_path: Path) -> None:
    with ImagesMock() as bare:
        for asked, flag in (("--tls", "--tls"), ("--proxy", "--proxy")):
            done = run("env", asked, "--url", bare.address, "--ca", tmp_path / "ca.pem")
            assert done.exit_code == 2
            assert done.stderr.endswith(f"start it with {flag}.\n")
        done = run("certificate", "--url", bare.address, "--out", tmp_path / "ca.pem")
        assert (done.exit_code, "has no authority" in done.stderr) == (2, True)
    done = run("env", "--url", bare.address)
    assert done.exit_code == 4


def test_a_certificate_is_written_and_it_is_told_who_trusts_it_how(
    mock: ImagesMock, tmp_path: Path
) -> None:
    done = run("certificate", "--url", mock.address, "--out", tmp_path / "our.pem")
    assert (tmp_path / "our.pem").read_text() == mock._access.authority
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"export {name}={tmp_path / 'our.pem'}" in done.stdout
    assert "keytool -importcert" in done.stdout


@pytest.mark.skipif(not shutil.which("sh"), reason="needs a shell")
def test_the_lines_that_are_told_are_a_shell_s_whatever_the_path(
    mock: ImagesMock, tmp_path: Path
) -> None:
    file = tmp_path / "it's $HOME" / "ca.pem"
    file.parent.mkdir()
    told = run("certificate", "--url", mock.address, "--out", file).stdout
    lines = [line for line in told.splitlines() if line.startswith("    export ")]
    assert len(lines) == 4
    script = "\n".join([*lines, 'printf %s "$SSL_CERT_FILE$NODE_EXTRA_CA_CERTS"'])
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == (f"{file}" * 2, "")


def test_entrances_are_told_at_the_host_by_which_the_server_is_asked(
    mock: ImagesMock, tmp_path: Path
) -> None:
    def led_to(name: str, *how: str) -> str:
        at = ("--url", mock.address.replace("127.0.0.1", "localhost"), "--ca", tmp_path / "ca.pem")
        told: str = json.loads(run("env", *at, "--format", "json", *how).stdout)[name]
        return told

    for name, how, expected in (
        ("OPENAI_BASE_URL", "--tls", mock.https_url),
        ("HTTPS_PROXY", "--proxy", mock.proxy_url),
    ):
        assert led_to(name, how) == expected.replace("127.0.0.1", "localhost")


def test_https_at_a_host_elsewhere_is_asked_without_a_proxy() -> None:
    to = Reached("http://images.test:6780", https="https://images.test:6781")
    assert variables(to, ca=Path("ca.pem"))["NO_PROXY"] == "127.0.0.1,localhost,images.test"


def test_that_of_a_directory_needs_no_server(tmp_path: Path) -> None:
    place = tmp_path / "authority"
    done = run("certificate", "--authority", place, "--proxy", "--out", tmp_path / "ca.pem")
    assert done.exit_code == 0, done.stderr
    with served("asyncio", authority=place) as mock:
        assert mock._access.authority == (tmp_path / "ca.pem").read_text()


@pytest.mark.slow
def test_the_command_serves_by_all_three_and_tells_where(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with told.open("w") as stderr:
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--tls", "--proxy"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert process.stdout
        address = process.stdout.readline().removeprefix("READY ").strip()
        found = json.loads(
            run(
                "env", "--url", address, "--proxy", "--ca", tmp_path / "c", "--format", "json"
            ).stdout
        )
        process.terminate()
        assert process.wait(60) == 0
        assert process.stdout.read() == ""
        process.stdout.close()
    lines = told.read_text()
    assert re.search(r"^HTTPS: https://127\.0\.0\.1:\d+, with", lines, re.MULTILINE)
    assert f"Proxy: {found['HTTPS_PROXY']} leads api.openai.com, " in lines
    assert f'eval "$(images-mock env --proxy --url {address})" makes' in lines


def test_a_port_that_is_taken_is_told_of_with_its_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotListening, match=f"can't listen on 127.0.0.1 port {port}.*and --tls"):
            ImagesMock(tls=port)


def test_a_name_that_no_certificate_can_have_is_told_of_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"allowed-host \(my_mock\.test\): no certificate can"):
        ImagesMock(tls=True, allowed_host="my_mock.test")


def test_on_is_the_next_port_or_any_free_one_where_the_server_s_is_any() -> None:
    asked: list[tuple[int, str]] = []

    def listen(host: str, port: int, flag: str) -> socket.socket:
        asked.append((port, flag))
        return socket.create_server((host, 0))

    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        for chosen in (port, 0):
            Entrances(configured(port=chosen, tls=True, proxy="on"), own, listen).close()
    assert asked == [(port + 1, "--tls"), (port + 2, "--proxy"), (0, "--tls"), (0, "--proxy")]


class _Last(socket.socket):
    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", 65_534


def test_behind_the_last_port_there_is_any_free_one() -> None:
    asked: list[tuple[int, str]] = []

    def listen(_: str, port: int, flag: str) -> socket.socket:
        asked.append((port, flag))
        return socket.create_server(("127.0.0.1", 0))

    with _Last() as own:
        Entrances(configured(port=65_534, tls=True, proxy="on"), own, listen).close()
    assert asked == [(65_535, "--tls"), (0, "--proxy")]
