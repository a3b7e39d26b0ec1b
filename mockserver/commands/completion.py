"""`images-mock completion`: the lines by which a shell completes the command."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell evaluates to complete commands, flags and their values.

    In ~/.bashrc: eval "$(images-mock completion bash)"; in ~/.zshrc the same with zsh; in
    ~/.config/fish/config.fish: images-mock completion fish | source
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    shells = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}[shell]
    nobody = click.Command("images-mock")  # the lines call the command again, by its name
    click.echo(shells(nobody, {}, "images-mock", "_IMAGES_MOCK_COMPLETE").source())
