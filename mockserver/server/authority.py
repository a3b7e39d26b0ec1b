"""Signs certificates for this server: what programs trust, and for which names. Connects nowhere.

Its own certificate lets it sign for the names that it is made for and for no others, for a quarter
of a year: whoever got its key could pretend to be those to programs that trust it, and nobody else.
Loaded where TLS or the proxy is asked for.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from mockserver.clock import SECOND, SystemClock
from mockserver.config import ConfigError
from mockserver.core.entrances import Names

LASTS = timedelta(days=90)  # as long as its key would be of use to a thief
SPARE = timedelta(days=2)  # what one must have left to be taken from a directory
_SKEW = timedelta(days=1)  # by which clocks of containers and machines may differ
_KEPT = 256  # certificates
CERTIFICATE, KEY = "ca.pem", "ca-key.pem"
MISSING = (
    "needs the package trustme, which makes certificates: pip install 'openai-images-mock[tls]' "
    "(or, from a checkout, pip install '.[tls]')"
)


class Authority:
    """Signs for names, while a server runs.

    Args:
        certificate: as PEM.
        key: its own, as PEM.
        names: whom it may sign for.
    """

    def __init__(self, certificate: bytes, key: bytes, names: Names) -> None:
        self._ca = _trustme().CA.from_pem(certificate, key)
        self.pem = certificate.decode("ascii")
        self.names = names
        self._made = lru_cache(_KEPT)(self._make)

    def context(self, *names: str) -> ssl.SSLContext:
        """How to speak TLS as these names; whoever asks for another one by SNI gets that.

        Raises:
            ValueError: one of them can be in no certificate.
        """
        return self._made(names)

    def _make(self, names: tuple[str, ...]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        until = self._ca._certificate.not_valid_after_utc
        leaf = self._ca.issue_cert(
            *names,
            organization_name="images-mock",
            organization_unit_name="a local stand-in",
            not_before=self._ca._certificate.not_valid_before_utc,
            not_after=until,
        )
        try:
            leaf.configure_cert(context)
        except FileNotFoundError as error:
            raise ConfigError(
                f"tls and proxy: each certificate is read from a file, for a moment, and there can "
                f"be none ({error.strerror}). Let TMPDIR name a directory that can be written to."
            ) from None
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        """Be whom the client asks for, if that may be; else it says what is wrong with this one."""
        if name in self.names:
            with suppress(ValueError):
                connection.context = self.context(str(name).lower())


def opened(directory: Path | None, names: Names) -> Authority:
    """The authority of a directory, or a new one, whose key is in memory alone.

    Raises:
        ConfigError: what is needed for it is not there, or the directory can't be used.
    """
    if directory is None:
        return Authority(*_made(names), names)
    try:
        return Authority(*_of(directory, names), names)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"authority ({directory}) can't be used: {why}. Without it each start makes an "
            "authority of its own."
        ) from None


def _of(directory: Path, names: Names) -> tuple[bytes, bytes]:
    """What is kept there, if it will do; else it is made, and kept."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(directory):
        return _kept(directory / CERTIFICATE, directory / KEY, names)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let no other process make files there: two that start at once are to have the same."""
    try:
        import fcntl
    except ImportError:  # Windows has none, and opens no directory
        yield
        return
    opened_at = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(opened_at, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened_at)


def _kept(certificate: Path, key: Path, names: Names) -> tuple[bytes, bytes]:
    if key.exists() and certificate.exists():
        if os.name == "posix" and key.stat().st_mode & 0o077:
            raise ValueError(f"others may read {key}: chmod 600 it, or remove both files")
        found = certificate.read_bytes(), key.read_bytes()
        if _will_do(found, names):
            return found
    made = _made(names)
    draft = key.with_name(f".{KEY}.{os.getpid()}")
    draft.touch(0o600, exist_ok=False)
    draft.write_bytes(made[1])
    draft.replace(key)
    certificate.write_bytes(made[0])
    return made


def _will_do(found: tuple[bytes, bytes], names: Names) -> bool:
    """Whether it has time left; one that is over is made anew.

    Raises:
        ValueError: it is none, or not for all these names: whoever trusts it would have to know.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    certificate = x509.load_pem_x509_certificate(found[0])
    try:
        key = load_pem_private_key(found[1], None)
    except TypeError:
        raise ValueError(f"{KEY} wants a password: name another directory") from None
    if certificate.public_key() != key.public_key():
        raise ValueError(f"{CERTIFICATE} is not of the key in {KEY}: remove both files")
    try:
        has = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        raise ValueError(
            f"{CERTIFICATE} may sign for any name, and is none of images-mock's: name another "
            "directory"
        ) from None
    if lacks := [n for n in _permitted(names) if n not in (has.permitted_subtrees or ())]:
        raise ValueError(
            f"it may not sign for {lacks[0].value}, which it was not made for: give it the same "
            "settings, or remove both files and have programs trust the next one"
        )
    return certificate.not_valid_after_utc > _now() + SPARE


def _made(names: Names) -> tuple[bytes, bytes]:
    """A new authority: its certificate and its key."""
    _trustme()
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), _now()
    name = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "images-mock"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"images-mock {name.digest.hex()[:12]}"),
        ]
    )
    signs = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment"),
            *("data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **signs), critical=True)
        .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        .add_extension(name, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    return certificate.public_bytes(encoding), secret


def _permitted(names: Names) -> list[Any]:
    """What an authority for these names may sign for: them, and all below them."""
    from cryptography import x509

    found: list[Any] = []
    for name in names.all:
        try:
            found.append(x509.IPAddress(ip_network(ip_address(name))))
        except ValueError:
            found.append(x509.DNSName(name.removeprefix("*.")))
    return found


def _now() -> datetime:
    return datetime.fromtimestamp(SystemClock().now() // SECOND, UTC)


def _trustme() -> Any:
    try:
        import trustme as found
    except ImportError:
        raise ConfigError(f"tls and proxy: each {MISSING}.") from None
    return found
