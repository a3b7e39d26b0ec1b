"""`images-mock env`: the variables that lead a shell's programs to a server. Only prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from mockserver.cli import settings_of, with_address
from mockserver.cli_group import NOT_READY, USAGE, end
from mockserver.client.connection import ControlError
from mockserver.client.reached import (
    NoEntrance,
    Reached,
    as_file,
    as_json,
    as_shell,
    reached,
    variables,
)
from mockserver.client.wait import Awaited, NotReady
from mockserver.core.texts import escaped

_FORMS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "sh": as_shell,
    "file": as_file,
    "json": as_json,
}


@with_address
@click.command()
@click.option("--url", help="the server's address")
@click.option("--tls", "entrance", flag_value="https", help="by HTTPS, whose certificate is kept")
@click.option("--proxy", "entrance", flag_value="proxy", help="by the proxy: no address is set")
@click.option("--key", default="sk-mock-me", show_default=True, help="the API key to send")
@click.option(
    "--ca",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="file to write the certificate to that programs shall trust; else one of your cache",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([*_FORMS]),
    default="sh",
    show_default=True,
    help="sh for eval, file for NAME=VALUE, or json",
)
def env(
    url: str | None,
    entrance: str | None,
    key: str,
    ca: Path | None,
    form: str,
    config: Path | None,
    **flags: Any,
) -> None:
    """Print the variables that lead programs to a running server: eval "$(images-mock env)".

    Without --tls or --proxy they have the server's address, for programs that read it. By the
    proxy a program needs nothing but them, whatever address is built into it.
    """
    try:
        found = there(url, config, flags).by(entrance or "address")
        file = found.written(ca or kept(found.address)) if entrance else None
        told = variables(found, ca=file, key=key, environment=os.environ)
    except NoEntrance as error:
        end(USAGE, escaped(f"{error}."))
    except OSError as error:
        end(USAGE, escaped(f"{error.filename} can't be written: {error.strerror}. Name --ca FILE."))
    click.echo(_FORMS[form](told))


def there(url: str | None, config: Path | None, flags: dict[str, Any]) -> Reached:
    """How the server that is meant can be reached; the process ends where there is none."""
    settings = settings_of(config, flags)
    try:
        return reached(Awaited(settings, url).address(), settings.control_token)
    except (NotReady, ControlError) as error:
        end(NOT_READY, escaped(str(error)))


def kept(address: str) -> Path:
    """Where the certificate of a server at this address is kept, in a directory of the user's."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    directory = Path(cache) / "images-mock"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = urlsplit(address)
    return directory / f"ca-{place.hostname}-{place.port}.pem"
