"""The command line. Only parses and prints: each command's work is in a module of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver import __version__
from mockserver.cli_group import (
    CONFIGURATION,
    INTERNAL,
    NOT_READY,
    USAGE,
    ServeByDefault,
    end,
)
from mockserver.completing import days, values_of
from mockserver.config import PREFIX, Config, ConfigError, Value, config_of, resolve
from mockserver.core.texts import escaped
from mockserver.settings import SETTINGS, Setting, as_of, seconds

if TYPE_CHECKING:
    from datetime import date


class Duration(click.ParamType[float]):
    """A length of time, as the settings write it."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        try:
            return seconds(str(value))
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def _flag(setting: Setting) -> click.Option:
    shown = "" if setting.default is None else f"  [default: {setting.default}]"
    return click.Option(
        [f"--{setting.name}"],
        metavar=setting.metavar,
        multiple=setting.many,
        is_flag=False,
        flag_value="on" if setting.may_stand_alone else None,
        help=setting.help + shown,
        shell_complete=values_of(setting),
    )


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_CONFIG = click.Option(["--config"], type=_FILE, help="TOML file of settings")
_FLAGS = {setting.name: _flag(setting) for setting in SETTINGS}
_OF_ADDRESS = ("host", "port", "ready-file", "control-token")


def with_settings(command: click.Command) -> click.Command:
    """Give a command a flag for every setting, and --config."""
    command.params += [_CONFIG, *_FLAGS.values()]
    return command


def with_address(command: click.Command) -> click.Command:
    """Give a command the flags of the settings that lead to a running server, and --config."""
    command.params += [_CONFIG, *map(_FLAGS.__getitem__, _OF_ADDRESS)]
    return command


@click.group(cls=ServeByDefault)
@click.version_option(__version__, prog_name="images-mock")
def cli() -> None:
    """A local stand-in for the OpenAI Images API.

    Without a command, `images-mock` serves: it takes the flags of `serve`. Every setting is also an
    environment variable (IMAGES_MOCK_PORT) and a key of images-mock.toml, or of [tool.images-mock]
    in pyproject.toml; a flag wins over the environment, that over the file.

    Exit codes: 0 clean, 1 something is unknown (doctor), 2 usage, 3 configuration, 4 port taken, no
    server or not ready in time, 5 something was found (verdict, contract), 6 something could not be
    learned (contract), 70 internal.
    """


@with_settings
@cli.command()
@click.option(
    "--until-eof", is_flag=True, help="end with standard input: as whoever started it ends"
)
def serve(config: Path | None, until_eof: bool, **flags: str | tuple[str, ...] | None) -> None:
    """Start the server; stdout gets one line, READY and the address, once it accepts."""
    for number in (signal.SIGINT, signal.SIGTERM):  # from now on, also while modules are loaded
        # Not sys.exit: an exception can get lost in a callback of the import system.
        signal.signal(number, lambda *_: os._exit(0))
    values = _resolved(config, flags)
    settings = config_of(values)
    if until_eof:
        if settings.workers > 1:  # a process with threads had better not fork
            raise click.UsageError("--until-eof is for one process: leave workers out.")
        from mockserver.server.until_eof import end_with_stdin

        end_with_stdin()
    from mockserver.request.log import announce
    from mockserver.server.listening import NotListening, run

    for line in _banner(settings):
        announce(settings.log_format, line)
    try:
        run(settings, {name: value.origin for name, value in values.items()})
    except (ConfigError, NotListening) as error:
        announce(settings.log_format, f"images-mock: {error}")
        sys.exit(NOT_READY if isinstance(error, NotListening) else CONFIGURATION)


@with_settings
@cli.command()
@click.argument("url", required=False)
@click.option("--timeout", type=Duration(), default="30s", help="how long to wait, as 30s or 500ms")
def wait(
    url: str | None,
    timeout: float,
    config: Path | None,
    **flags: str | tuple[str, ...] | None,
) -> None:
    """Wait until a server is ready, for CI and HEALTHCHECK. Ignores proxy settings.

    URL is the server's address; without it, the one that the settings here lead to. With a start id
    or a ready file no other server will do.
    """
    from mockserver.client.wait import Awaited, NotReady, wait_for

    try:
        wait_for(Awaited(settings_of(config, flags), url), timeout)
    except NotReady as error:
        end(NOT_READY, f"no images-mock was ready within {timeout:g} s: {error}.")


@cli.command()
@click.argument("file", type=_FILE)
def identify(file: Path) -> None:
    """Print which request made a picture."""
    import json

    from mockserver.pictures.pure.drawing import identify as identified

    found = identified(file.read_bytes())
    if found is None:
        end(USAGE, f"{file} holds no picture of images-mock.")
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


def day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """A day of the command line, or today."""
    from datetime import UTC, datetime

    try:
        found = as_of(value) if value is not None else None
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}", ctx, param) from None
    if found != "today":
        return found
    from mockserver.clock import SECOND, SystemClock

    return datetime.fromtimestamp(SystemClock().now() // SECOND, UTC).date()


def directory(_context: click.Context, _option: click.Parameter, value: str | None) -> Path | None:
    """A directory of facts, read and found to be right."""
    from mockserver.settings import facts

    try:
        return None if value is None else facts(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


@with_address
@cli.command()
@click.argument("text", nargs=-1, metavar="CODE-or-MESSAGE")
@click.option(
    "--as-of",
    callback=day,
    metavar="DATE",
    shell_complete=days,
    help="only what holds on a day, or today",
)
@click.option(
    "--facts", callback=directory, metavar="DIR", help="with the facts of a directory, too"
)
@click.option("--markdown", is_flag=True, help="print everything, as the table of the docs")
@click.option("--url", help="for `explain last`: the server's address")
@click.option("--sandbox", help="for `explain last`: a sandbox's name, or its first letters")
@click.option("--key", help="for `explain last`: the API key whose sandbox is meant")
@click.option("--on", metavar="MODEL", help="for `explain last`: by another model, too")
def explain(
    text: tuple[str, ...],
    as_of: date | None,
    facts: Path | None,
    markdown: bool,
    **of_last: Any,
) -> None:
    """Tell where an error or a default is from; or what became of the last request.

    Each rule comes with its days, its source, and how well it is known. CODE-or-MESSAGE is what you
    have: a code (invalid_size), a reason of the log (size_not_of_model), a message or a piece of
    one, the name of a parameter or a default (size).

    `images-mock explain last` asks the running server: each decision on the last request, and the
    rules that came closest. With --on MODEL, also what it would meet there.
    """
    if text == ("last",):
        click.echo(_recounted(**of_last))
        return
    for name, value in of_last.items():
        if value is not None:
            raise click.UsageError(f"--{name.replace('_', '-')} goes with `explain last` alone.")
    from mockserver.evidence.search import find, missed, table, told
    from mockserver.facts import read_from

    read_from(facts)  # of the package alone, unless it was given
    if markdown == bool(text) or (markdown and as_of):
        raise click.UsageError("Give a code or a message, or --markdown alone.")
    if markdown:
        click.echo(table(), nl=False)
        return
    asked = " ".join(text)
    found = find(asked, as_of)
    if not found:
        end(USAGE, missed(asked, as_of))
    click.echo("\n\n".join(map(told, found)))


def _recounted(
    url: str | None,
    sandbox: str | None,
    key: str | None,
    on: str | None,
    config: Path | None,
    **flags: str | None,
) -> str:
    from mockserver.client.explain_last import Unexplained, explain_last
    from mockserver.client.wait import Awaited, NotReady

    settings = settings_of(config, flags)
    try:
        address = Awaited(settings, url).address()
        return explain_last(address, sandbox, key=key, token=settings.control_token, on=on)
    except (NotReady, Unexplained) as error:
        end(NOT_READY, str(error))


@with_address
@cli.command()
@click.option("-f", "--follow", is_flag=True, help="go on with what comes, until the server ends")
@click.option("--json", "as_json", is_flag=True, help="print whole records, as JSON")
@click.option("--url", help="the server's address")
@click.option("--sandbox", help="a sandbox's name, or its first letters")
@click.option("--key", help="the API key whose sandbox is meant")
def log(
    follow: bool,
    as_json: bool,
    url: str | None,
    sandbox: str | None,
    key: str | None,
    config: Path | None,
    **flags: str | None,
) -> None:
    """Print the journal of a running server: a line for each request and download.

    Without a sandbox or a key, those of all.
    """
    from mockserver.client.connection import ControlError
    from mockserver.client.follow import as_any_terminal_has_it, journal_lines, leave_with_reader
    from mockserver.client.wait import Awaited, NotReady

    settings = settings_of(config, flags)
    as_any_terminal_has_it(sys.stdout)
    try:
        address = Awaited(settings, url).address()
        token = settings.control_token
        if follow:
            leave_with_reader(sys.stdout)
        for line in journal_lines(
            address, sandbox, key=key, token=token, follow=follow, as_json=as_json
        ):
            click.echo(line)
        if follow:
            click.echo(f"images-mock: the server at {address} has ended. {_THE_NEXT}", err=True)
    except (NotReady, ControlError) as error:
        end(NOT_READY, escaped(str(error)))
    except KeyboardInterrupt:  # the usual end of following
        sys.exit(0)
    except BrokenPipeError:  # who reads has enough, as `head` has
        os._exit(0)


_THE_NEXT = "Follow the next one there by the same command."


@cli.group("config")
def config_group() -> None:
    """Look at the configuration."""


@with_settings
@config_group.command()
def show(config: Path | None, **flags: str | tuple[str, ...] | None) -> None:
    """Each setting's value, and where it came from."""
    values = _resolved(config, flags)
    config_of(values)
    width = max(map(len, values))
    for name, value in values.items():
        click.echo(f"{name:{width}}  {_shown(value):24}  {value.origin}")


def _shown(value: Value) -> str:
    if not value.texts:
        return "-"
    return "(hidden)" if value.setting.secret else ", ".join(map(value.setting.shown, value.texts))


def settings_of(file: Path | None, flags: dict[str, Any]) -> Config:
    """The configuration that flags, the environment and a file make."""
    return config_of(_resolved(file, flags))


def _resolved(file: Path | None, flags: dict[str, Any]) -> dict[str, Value]:
    if file is None and (named := os.environ.get(f"{PREFIX}CONFIG")):
        file = Path(named)
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    return resolve(flags=given, environment=os.environ, directory=_here(), file=file)


def _here() -> Path | None:
    """The working directory, unless it was deleted, or is not to be looked into."""
    try:
        found = Path.cwd()
        return found if os.access(found, os.X_OK) else None
    except OSError:
        return None


def _banner(config: Config) -> Iterator[str]:
    as_of = f" as of {config.as_of}" if config.as_of else ""
    yield f"images-mock {__version__}{as_of}, tier {config.tier}; it never contacts OpenAI."
    if not config.on_loopback:
        is_open = config.control_token or config.control_token_file
        guard = "wants its token" if is_open else "is closed (no --control-token)"
        yield f"Listening beyond this machine ({config.host}); /_mock {guard}."


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line, and end the process with its exit code."""
    try:
        cli.main(args=args, prog_name="images-mock", standalone_mode=True)
    except ConfigError as error:
        end(CONFIGURATION, str(error))
    except Exception as error:  # the last resort: no traceback reaches a user
        end(INTERNAL, f"internal error, please report it: {type(error).__name__}: {error}")
