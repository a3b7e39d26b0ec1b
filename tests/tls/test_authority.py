"""Who signs the certificates: for whom, for how long, where its key is, and what is said of it."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtensionOID, NameOID

from mockserver.clock import ManualClock
from mockserver.config import ConfigError, configured
from mockserver.core.entrances import Names
from mockserver.server import authority as module
from mockserver.server.authority import CERTIFICATE, KEY, LASTS, SPARE, Authority, opened
from mockserver.server.listening import further_entrances
from mockserver.testing import ImagesMock
from tests.tls.entered import SOON, line, trusting

NAMES = Names(("localhost", "127.0.0.1", "::1", "api.openai.com", "*.openai.azure.com"))


def met(authority: Authority, names: tuple[str, ...], asked: str) -> str:
    """What a strict client says of this name, to a server that is these."""
    client = ssl.create_default_context(cadata=authority.pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = authority.context(*names).wrap_bio(to_server, to_client, server_side=True)
    ours = client.wrap_bio(to_client, to_server, server_hostname=asked)
    for _ in range(4):
        for side in (ours, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return "trusted"


def test_a_strict_client_trusts_it_for_its_names_and_those_below() -> None:
    authority = opened(None, NAMES)
    for name in ("localhost", "127.0.0.1", "::1", "api.openai.com", "my.openai.azure.com"):
        assert met(authority, ("localhost", "127.0.0.1", "::1"), name) == "trusted", name
    assert "not valid for 'example.com'" in met(authority, ("localhost",), "example.com")


def test_it_may_sign_for_no_other_name_even_for_who_has_its_key() -> None:
    authority = opened(None, NAMES)
    for name in ("example.com", "openai.com", "192.0.2.1"):
        assert met(authority, (name,), name) == "permitted subtree violation", name
    certificate = x509.load_pem_x509_certificate(authority.pem.encode())
    basic = certificate.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS)
    assert basic.value.path_length == 0  # type: ignore[attr-defined]
    assert certificate.extensions.get_extension_for_oid(ExtensionOID.NAME_CONSTRAINTS).critical


def test_it_lasts_a_quarter_of_a_year_and_so_does_what_it_signs() -> None:
    certificate = x509.load_pem_x509_certificate(opened(None, NAMES).pem.encode())
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    assert LASTS - SPARE < left <= LASTS


def test_each_start_has_its_own_whose_key_is_written_nowhere(tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    assert opened(None, NAMES).pem != opened(None, NAMES).pem
    assert set(tmp_path.rglob("*")) == before


def test_that_of_a_directory_stays_and_its_key_is_the_user_s_alone(tmp_path: Path) -> None:
    place = tmp_path / "authority"
    first = opened(place, NAMES)
    assert opened(place, NAMES).pem == first.pem == (place / CERTIFICATE).read_text()
    assert {path.name for path in place.iterdir()} == {CERTIFICATE, KEY}
    if os.name == "posix":
        assert stat.S_IMODE((place / KEY).stat().st_mode) == 0o600
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    fewer = Names(("localhost", "api.openai.com"))
    assert opened(place, fewer).pem == first.pem


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    opened(tmp_path, NAMES)
    (tmp_path / KEY).chmod(0o640)
    with pytest.raises(ConfigError, match="others may read .*: chmod 600 it"):
        opened(tmp_path, NAMES)


def test_one_that_may_not_sign_for_what_is_wanted_is_not_replaced_behind_anybody_s_back(
    tmp_path: Path,
) -> None:
    opened(tmp_path, Names(NAMES.all[:3]))
    before = (tmp_path / CERTIFICATE).read_text()
    with pytest.raises(ConfigError, match=r"may not sign for api\.openai\.com"):
        opened(tmp_path, NAMES)
    assert (tmp_path / CERTIFICATE).read_text() == before


@pytest.mark.parametrize("name", [CERTIFICATE, KEY])
def test_files_that_are_none_or_of_another_are_told_of(tmp_path: Path, name: str) -> None:
    opened(tmp_path, NAMES)
    content = (tmp_path / name).read_bytes()
    opened(tmp_path / "other", NAMES)
    (tmp_path / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(ConfigError, match="is not of the key"):
        opened(tmp_path, NAMES)
    (tmp_path / name).write_bytes(content[:40])
    with pytest.raises(ConfigError, match="can't be used"):
        opened(tmp_path, NAMES)


def test_one_of_somebody_else_s_is_told_of(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "own")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + LASTS)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / CERTIFICATE).write_bytes(certificate.public_bytes(Encoding.PEM))
    for locked, why in (
        (NoEncryption(), "may sign for any name"),
        (BestAvailableEncryption(b"x"), "wants a password"),
    ):
        (tmp_path / KEY).touch(0o600)
        (tmp_path / KEY).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        with pytest.raises(ConfigError, match=f"can't be used: .*{why}"):
            opened(tmp_path, NAMES)


@pytest.mark.skipif(os.name != "posix", reason="other systems can't lock a directory")
def test_those_that_start_at_once_have_the_same(tmp_path: Path) -> None:
    place, at_once = tmp_path / "authority", Barrier(8)

    def start(_: int) -> str:
        at_once.wait(SOON)
        return opened(place, NAMES).pem

    with ThreadPoolExecutor(8) as pool:
        assert len({*pool.map(start, range(8))}) == 1


def test_where_no_file_can_be_written_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="Let TMPDIR name a directory"):
        ImagesMock(tls=True)


def test_one_that_is_over_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(tmp_path, NAMES).pem
    clock = ManualClock((datetime.now(UTC) + LASTS - SPARE / 2).timestamp())
    monkeypatch.setattr(module, "SystemClock", lambda: clock)
    assert opened(tmp_path, NAMES).pem != first


def test_a_directory_that_can_t_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"authority \(.*file.inside\) can't be used"):
        opened(tmp_path / "file" / "inside", NAMES)


def test_two_starts_with_one_directory_are_trusted_by_one_file(tmp_path: Path) -> None:
    place = tmp_path / "authority"
    with ImagesMock(tls=True, authority=place) as first:
        trust = trusting(first, tmp_path)
    with ImagesMock(tls=True, authority=place) as second:
        trust.wrap_socket(line(second.https_url), server_hostname="localhost").close()


def test_what_is_missing_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ConfigError, match=r"pip install 'openai-images-mock\[tls\]'"):
        ImagesMock(tls=True)


def test_several_workers_are_refused(tmp_path: Path) -> None:
    state = f"sqlite:{tmp_path / 'mock.db'}"
    with (
        socket.create_server(("127.0.0.1", 0)) as own,
        pytest.raises(ConfigError, match=r"workers \(2\) must be 1 with tls and proxy"),
    ):
        further_entrances(configured(proxy="on", workers=2, state=state), own)
