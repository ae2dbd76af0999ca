"""The commands. Each is a few lines that call a room below; what they import, they import when called."""

import sys
from importlib import import_module

import click

from milo_tui import __version__
from milo_tui.cli.common import common, error_text

_COMMANDS = {
    "bin": "bin:bin_",
    "compare": "compare:compare",
    "demo": "work:demo",
    "diff": "diff:diff",
    "doctor": "doctor:doctor",
    "import": "import_run:import_",
    "models": "models:models",
    "prompts": "prompts:prompts",
    "rescore": "rescore:rescore",
    "resume": "work:resume",
    "run": "work:run",
    "runs": "history:runs",
    "show": "history:show",
    "stop": "work:stop",
    "watch": "work:watch",
    "work": "work:work",
}
"""Each command's module here, and its name in it."""


class _Commands(click.Group):
    """A command is imported once it is asked for: a list of runs waits for nothing that runs something."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        module, _, attribute = _COMMANDS.get(name, "").partition(":")
        if not module:
            return None
        command: click.Command = getattr(import_module(f"milo_tui.cli.{module}"), attribute)
        return command


@click.group(
    cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "-V", "--version", prog_name="milo")
@common
@click.pass_context
def milo(context: click.Context) -> None:
    """How close does a local model come to the cloud at agentic tool calling?

    With no command, the app. `milo demo` shows everything with nothing to configure.
    """
    if context.invoked_subcommand is not None:
        return
    if not sys.stdout.isatty():
        click.echo(context.get_help())
        return
    from milo_tui.cli.app import open_app

    open_app(context)


def main() -> None:
    """Run a command; what can be said in a sentence is, and never as a traceback."""
    try:
        milo.main(standalone_mode=False)
    except click.exceptions.Exit as exit:
        sys.exit(exit.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of the pipe (head, less) has seen enough.
        sys.stdout = None
        sys.exit(0)
    except Exception as error:
        if (sentence := error_text(error)) is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(2)
