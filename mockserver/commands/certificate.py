"""`images-mock certificate`: what programs shall trust, as a file, and how. Only prints."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from mockserver.cli import settings_of, with_settings
from mockserver.cli_group import CONFIGURATION, NOT_READY, USAGE, end
from mockserver.client.connection import ControlError
from mockserver.client.reached import TRUST, NoEntrance, Reached, reached
from mockserver.client.wait import Awaited, NotReady
from mockserver.config import Config, ConfigError
from mockserver.core.texts import escaped

_FILE = "ca.pem"
_HOW = """\
{path} is what programs shall trust. In a shell, for Python, Go, Ruby, curl and Node:

{lines}

Java takes a store, made once:

    keytool -importcert -noprompt -alias images-mock -file {quoted} \\
      -keystore images-mock.p12 -storetype PKCS12 -storepass changeit
    java -Djavax.net.ssl.trustStore=images-mock.p12 -Djavax.net.ssl.trustStorePassword=changeit ...

PHP takes settings: php -d openssl.cafile={quoted} -d curl.cainfo={quoted} ...
"""


@with_settings
@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_FILE,
    show_default=True,
    metavar="FILE",
    help="where to write it",
)
@click.option("--url", help="the server's address")
def certificate(out: Path, url: str | None, config: Path | None, **flags: Any) -> None:
    """Write the certificate of a server's authority, and tell how programs trust it.

    It is the running server's. With --authority it is that of the directory, which is made if it is
    not there: give the same settings to the server.
    """
    settings = settings_of(config, flags)
    try:
        found = _of(settings, url)
        path = found.written(out)
    except ConfigError as error:
        end(CONFIGURATION, escaped(str(error)))
    except (NotReady, ControlError) as error:
        end(NOT_READY, escaped(str(error)))
    except NoEntrance as error:
        end(USAGE, escaped(f"{error}."))
    except OSError as error:
        end(USAGE, escaped(f"{error.filename} can't be written: {error.strerror}."))
    quoted = shlex.quote(str(path))
    lines = "\n".join(f"    export {name}={quoted}" for name in TRUST)
    click.echo(_HOW.format(path=path, quoted=quoted, lines=lines), nl=False)


def _of(settings: Config, url: str | None) -> Reached:
    if settings.authority is None:
        return reached(Awaited(settings, url).address(), settings.control_token)
    from mockserver.server.entrances import authority_of

    return Reached("", authority=authority_of(settings).pem)
