"""The command ``spikewright``: its sub-commands, its exit codes, and how it says that something went wrong."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, NoReturn

import typer

import spikewright as sw
from spikewright.cli import _compare, _convert, _cost, _data, _export, _methods, _place, _quantise, _records, _train

FAILED, WRONG_USE, STOPPED = 1, 2, 130


def main() -> NoReturn:
    """Run the command that the words of the command line name, and exit.

    The exit code is 0; 1 if what was asked for ran and failed; 2 for words, names and files that cannot be used; or 130
    after Ctrl-C. Whatever goes wrong is one line on standard error.
    """
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run the command of a list of words and return its exit code."""
    try:
        code = app()(words, prog_name="spikewright", standalone_mode=False)
    except KeyboardInterrupt:
        code = STOPPED
    except typer.TyperException as error:
        return _say(error.format_message(), WRONG_USE)
    except sw.checks.SpikewrightError as error:
        return _say(str(error), WRONG_USE)
    except Exception as error:  # noqa: BLE001 - a user gets one line; --traceback gives the rest
        if "--traceback" in words:
            traceback.print_exc()
        return _say(f"{type(error).__name__}: {error} (spikewright --traceback ... says where)", FAILED)
    if code == STOPPED:
        return _say("stopped. A comparison goes on where it was with the same command.", STOPPED)
    return code if isinstance(code, int) else 0


def app() -> typer.Typer:
    """Return the command with its sub-commands."""
    spikewright = typer.Typer(
        help="Train deep spiking neural networks by every method the field has, and compare what each costs.",
        epilog=_compare.EXAMPLES,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    spikewright.callback(invoke_without_command=True)(_options)
    spikewright.command("compare", epilog=_compare.EXAMPLES)(_compare.compare)
    spikewright.command("train", epilog=_train.TRAIN_EXAMPLES)(_train.train)
    spikewright.command("evaluate", epilog=_train.EVALUATE_EXAMPLES)(_train.evaluate)
    spikewright.command("convert", epilog=_convert.EXAMPLES)(_convert.convert)
    spikewright.command("cost", epilog=_cost.EXAMPLES)(_cost.cost)
    spikewright.command("export", epilog=_export.EXAMPLES)(_export.export)
    spikewright.command("methods", epilog=_methods.EXAMPLES)(_methods.methods)
    spikewright.command("place", epilog=_place.EXAMPLES)(_place.place)
    spikewright.command("quantise", epilog=_quantise.EXAMPLES)(_quantise.quantise)
    spikewright.command("records", epilog=_records.RECORDS_EXAMPLES)(_records.records)
    spikewright.command("report", epilog=_records.REPORT_EXAMPLES)(_records.report)
    data = typer.Typer(rich_markup_mode="rich")
    data.callback(invoke_without_command=True)(_data.help_)
    data.command("list", epilog=_data.LIST_EXAMPLES)(_data.list_)
    data.command("fetch", epilog=_data.FETCH_EXAMPLES)(_data.fetch)
    data.command("verify", epilog=_data.VERIFY_EXAMPLES)(_data.verify)
    spikewright.add_typer(data, name="data")
    return spikewright


def _options(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an unexpected error arose.")] = False,  # noqa: ARG001
) -> None:
    if version:
        typer.echo(sw.__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def _say(message: str, code: int) -> int:
    typer.echo(f"spikewright: {' '.join(message.split())}", err=True)
    return code
