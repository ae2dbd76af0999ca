"""The commands. Each is a few lines that call a room below; what they import, they import when called."""

import sys

import click

from milo_tui import __version__
from milo_tui.cli.bin import bin_
from milo_tui.cli.common import Problem, common
from milo_tui.cli.compare import compare
from milo_tui.cli.diff import diff
from milo_tui.cli.doctor import doctor
from milo_tui.cli.history import runs, show
from milo_tui.cli.import_run import import_
from milo_tui.cli.models import models
from milo_tui.cli.prompts import prompts
from milo_tui.cli.rescore import rescore
from milo_tui.cli.work import demo, resume, run, stop, watch, work


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
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


for _command in (
    demo,
    run,
    watch,
    resume,
    stop,
    runs,
    show,
    compare,
    diff,
    rescore,
    import_,
    bin_,
    prompts,
    models,
    doctor,
    work,
):
    milo.add_command(_command)


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
        if (sentence := Problem.sentence(error)) is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(2)
