"""Before a run begins it is asked whether anyone is there; if not, a few lines say what to do."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner

from contracts.cli import contract
from contracts.target import Lost, greeting
from contracts.target.opening import Opening, Terms
from mockserver.testing import ImagesMock
from tests.contracts.stand_in import MODELS, Answers, Reply, Sent, as_json, error, standing_in

KEYS = {"IMAGES_CONTRACT_API_KEY": "sk-a-key-of-a-test"}


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "PATIENCE", 0.3)


def lost(url: str, terms: Terms, **environment: str) -> str:
    """What is said where a target can't be opened: within a minute, in ten lines at most."""
    began = monotonic()
    with pytest.raises(Lost) as reason, Opening(KEYS | environment, lambda: 0.0).target(url, terms):
        pass
    assert monotonic() - began < 60
    told = str(reason.value)
    assert len(told.splitlines()) <= 10
    assert "sk-a-key" not in told
    return told


@pytest.fixture
def terms(tmp_path: Path) -> Terms:
    return Terms(ledger=tmp_path / "ledger")


def lost_at(answers: Answers, terms: Terms) -> str:
    with standing_in(answers) as server:
        return lost(server.url, terms)


def test_a_dead_port_is_told_in_two_lines_and_exit_code_6(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    done = CliRunner().invoke(contract, ["run", "--target", url, "--ledger", str(tmp_path / "l")])
    assert done.exit_code == 6
    assert done.output.splitlines() == [
        f"Nobody answers at {url}: Connection refused.",
        "Fix: start the server, or name another: --target http://HOST:PORT/v1",
    ]
    assert not [*tmp_path.iterdir()]


def test_a_host_that_is_not_there_is_told(terms: Terms) -> None:
    assert "there is no host nowhere.invalid" in lost("http://nowhere.invalid/v1", terms)


@pytest.mark.parametrize("url", ["127.0.0.1:6780", "ftp://127.0.0.1/v1", "http:///v1", "mok"])
def test_what_is_no_address_is_told(url: str, terms: Terms) -> None:
    assert "it is no address as http://127.0.0.1:6780/v1" in lost(url, terms)


def test_a_user_in_the_address_is_refused(terms: Terms) -> None:
    assert "leave it out" in lost("http://me:secret@127.0.0.1:1/v1", terms)


def test_a_password_in_the_address_is_not_shown(terms: Terms) -> None:
    assert "secret" not in lost("http://me:secret@127.0.0.1:1/v1?key=secret", terms)


@pytest.mark.parametrize("after", ["?api-version=1", "?", "#top"])
def test_what_follows_a_path_is_no_part_of_a_base_url(after: str, terms: Terms) -> None:
    assert "leave out what follows the path" in lost(f"http://127.0.0.1:1/v1{after}", terms)


@pytest.mark.parametrize("odd", [" ", "\r\n", "\x00", "é"])
def test_a_base_url_is_written_as_it_is_sent(odd: str, terms: Terms) -> None:
    assert "has a character that no address has" in lost(f"http://127.0.0.1:1/{odd}v1", terms)


def test_an_address_without_v1_brings_the_mocks_own_hint(terms: Terms) -> None:
    with ImagesMock() as mock:
        told = lost(mock.address, terms, IMAGES_CONTRACT_API_KEY="sk-another-key")
    assert "It says: the API is under /v1: end the base URL in /v1" in told
    assert f"Fix: --target {mock.url} has one." in told


def test_an_address_with_more_than_v1_is_led_back(terms: Terms) -> None:
    with ImagesMock() as mock:
        told = lost(f"{mock.url}/v2", terms, IMAGES_CONTRACT_API_KEY="sk-another-key")
    assert f"Fix: --target {mock.url} has one." in told


def test_a_web_page_is_no_api(terms: Terms) -> None:
    page = Reply(200, b"<html>", (("content-type", "text/html; charset=utf-8"),))
    told = lost_at(lambda _: page, terms)
    assert "There is no Images API at" in told
    assert "a web page answers (200, text/html)" in told


def test_what_is_no_json_is_no_api(terms: Terms) -> None:
    told = lost_at(lambda _: Reply(200, b"hello", (("content-type", "text/plain"),)), terms)
    assert "what answers is no JSON (200, text/plain)" in told


def test_another_api_is_no_images_api(terms: Terms) -> None:
    told = lost_at(lambda _: as_json(404, {"detail": "Not Found"}), terms)
    assert "There is no Images API" in told


def test_an_api_without_a_list_of_models_is_one(terms: Terms) -> None:
    def answers(sent: Sent) -> Reply:
        return error(400) if sent.method == "POST" else error(404)

    with standing_in(answers) as server, Opening(KEYS, lambda: 0.0).target(server.url, terms):
        assert [one.path for one in server.sent][-1] == "/v1/images/generations"


def test_an_api_without_models_is_taken_for_one_where_the_cap_lets_no_more_be_asked(
    terms: Terms,
) -> None:
    opening, poor = Opening(KEYS, lambda: 0.0), terms._replace(cap=1)
    with standing_in(lambda _: error(404)) as server, opening.target(server.url, poor):
        assert server.paid == []


def test_a_key_that_is_refused_is_told_with_the_variable_that_it_came_from(terms: Terms) -> None:
    refused = error(401, "Incorrect API key provided: sk-***.", "invalid_api_key")
    told = lost_at(lambda sent: refused if sent.key else error(404), terms)
    assert "refuses the API key (401): Incorrect API key provided: sk-***." in told
    assert "Fix: set a key that it takes in IMAGES_CONTRACT_API_KEY." in told


def test_a_revoked_key_of_the_mock_is_told(terms: Terms) -> None:
    with ImagesMock() as mock:
        told = lost(mock.url, terms, IMAGES_CONTRACT_API_KEY="sk-mock-revoked")
    assert "refuses the API key (401)" in told


def test_a_redirect_is_told_and_no_key_goes_there(terms: Terms) -> None:
    with standing_in(lambda _: MODELS) as other:
        onward = Reply(308, b"", (("location", f"{other.url}/models"),))
        told = lost_at(lambda sent: onward if sent.key else error(404), terms)
        assert f"answers 308, and leads on to {other.url}/models" in told
        assert other.sent == []


@contextmanager
def listening(greets: bytes = b"") -> Iterator[str]:
    """A port that takes connections, and says this and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                held.append(line)
                if greets:
                    line.recv(65536)
                    line.sendall(greets)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)
        for line in held:
            line.close()


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("greets", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"])
def test_a_server_that_hangs_is_told_in_time(greets: bytes, terms: Terms) -> None:
    with listening(greets) as url:
        told = lost(url, terms)
    assert f"{url} takes connections, and does not answer within 0.3 s" in told


@pytest.mark.usefixtures("soon")
def test_a_server_that_drips_is_told_in_time(terms: Terms) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.wait(0.02):
                    try:
                        line.sendall(b"x-a: b\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        assert "does not answer" in lost(f"http://127.0.0.1:{server.getsockname()[1]}/v1", terms)
        stop.set()
        thread.join()


def test_something_that_speaks_no_http_is_told(terms: Terms) -> None:
    with listening(b"SSH-2.0-OpenSSH_9.2\r\n") as url:
        told = lost(url, terms)
    assert "does not answer as HTTP does" in told
    assert "it may want https://" in told


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that nobody has signed but itself, and its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    made = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=me"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key.pem -out {folder}/me.pem"
    )
    subprocess.run(made.split(), check=True, capture_output=True)
    return folder / "me.pem"


def test_a_certificate_of_ones_own_is_told_and_taken_with_ca(
    certificate: Path, terms: Terms
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with standing_in(lambda _: MODELS, tls) as server:
        told = lost(server.url, terms)
        assert "a certificate that is not trusted here: self-signed certificate" in told
        assert "--ca FILE" in told
        trusting = terms._replace(ca=certificate)
        with Opening(KEYS, lambda: 0.0).target(server.url, trusting) as target:
            assert target.base_url == server.url
        told = lost(server.url.replace("https", "http"), terms)
        assert "does not answer as HTTP does" in told


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_without_a_certificate_is_told(
    content: str | None, tmp_path: Path, terms: Terms
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    told = lost("https://127.0.0.1:1/v1", terms._replace(ca=tmp_path / "ca.pem"))
    assert f"--ca: {tmp_path}/ca.pem has no certificate in PEM" in told


def test_a_key_that_no_header_can_carry_is_told_unseen(terms: Terms) -> None:
    told = lost("http://127.0.0.1:1/v1", terms, IMAGES_CONTRACT_API_KEY="sk-a-key-é")
    assert told.startswith("IMAGES_CONTRACT_API_KEY: the API key has a character")


def test_the_real_api_wants_a_key_of_its_own_variable(terms: Terms) -> None:
    told = lost("real", terms, OPENAI_API_KEY="sk-a-key-for-programs")
    assert "needs a key in IMAGES_MOCK_REAL_API_KEY" in told
