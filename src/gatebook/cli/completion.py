"""Complete what you type, in bash, zsh or fish."""

import click
from click.shell_completion import get_completion_class


@click.command(
    epilog="""\b
Examples:
  eval "$(gatebook completion bash)"       in ~/.bashrc
  eval "$(gatebook completion zsh)"        in ~/.zshrc
  gatebook completion fish | source        in ~/.config/fish/config.fish"""
)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete the words after `gatebook`."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not supported.")
    root = ctx.find_root()
    click.echo(kind(root.command, {}, "gatebook", "_GATEBOOK_COMPLETE").source())
