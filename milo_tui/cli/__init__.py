"""The command line: one module per command, imported when that command is used."""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

import click

from milo_tui import __version__
from milo_tui.cli.options import FAILED, USAGE, can_show_app, common_options, error_text

COMMANDS = {
    "bin": "Move runs to the bin and back, or delete what is in it.",
    "compare": "Compare two runs, paired by prompt: what differs first, then the verdict.",
    "demo": "Run Milo-Bench on three simulated models; nothing to configure.",
    "diff": "Show what differs, by meaning, between the tool calls of two to four models.",
    "doctor": "Check this installation and say how to fix what is wrong. Changes nothing.",
    "import": "Import runs from raw JSON.",
    "models": "List, check and add the models of milo.toml.",
    "prompts": "List, show, check, import and write prompts.",
    "rescore": "Score a run's stored conversations again, and keep both scores.",
    "resume": "Resume an incomplete run.",
    "run": "Run a suite on the models of milo.toml.",
    "runs": "List the runs, newest first.",
    "show": "Print a run's report: how close local is to cloud.",
    "stop": "Stop a run; what is done is kept.",
    "watch": "Watch a running run; several terminals can.",
}
"""The first sentence of each command's help, so that `milo --help` imports none of them."""

HIDDEN = ("work",)


class LazyGroup(click.Group):
    """A group whose command NAME is `command` in the module milo_tui.cli.NAME."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS and name not in HIDDEN:
            return None
        module = import_module(f"milo_tui.cli.{'import_' if name == 'import' else name}")
        command: click.Command = module.command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, "-V", "--version", prog_name="milo")
@common_options
@click.pass_context
def milo(context: click.Context) -> None:
    """How close does a local model come to the cloud at agentic tool calling?

    Without a command, open the app. Start with `milo demo`; it needs no configuration.
    """
    if context.invoked_subcommand is not None:
        return
    if not can_show_app():
        click.echo(context.get_help())
        return
    import_module("milo_tui.cli.app").open_app()


def main() -> None:
    """Run the command line; every error is printed as a sentence, never as a traceback."""
    _prepare_streams()
    try:
        milo.main(prog_name="milo", standalone_mode=False)
    except click.exceptions.Exit as exit:
        sys.exit(exit.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of the pipe (head, less) has seen enough. The interpreter flushes stdout once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        text = error_text(error)
        click.echo(text or import_module("milo_tui.cli.crash").crash_sentence(error), err=True)
        sys.exit(USAGE if text else FAILED)


def _prepare_streams() -> None:
    """Open standard streams that are closed, and print what their encoding lacks as `?`.

    A file that is opened later must not become stdout: what is printed would be written into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
