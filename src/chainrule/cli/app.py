"""The commands and their options; each command's work is in a file of its own.

Nothing but typer is imported before a command runs, so `--help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.command import takes_options
from chainrule.cli.options import OPTIONS

app = typer.Typer(
    name="chainrule",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Table = Annotated[
    str,
    typer.Argument(help="CSV, TSV, Parquet or Arrow file, a named data set, or - for stdin."),
]
Run = Annotated[Path, typer.Argument(help="Run folder that `fit` wrote, or a .chr model file.")]
Separator = Annotated[str | None, typer.Option(help="Separator of a text table; sniffed.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON on stdout.")]


@app.callback(invoke_without_command=True)
def chainrule(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Neural networks trained by backpropagation on your own tables."""
    if version:
        from chainrule import __version__

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.command(epilog="`chainrule fit --help-all` shows every option.")
@takes_options
def fit(ctx: typer.Context, **values: Any) -> None:
    """Train a network on a table; test it beside three baselines; write a run folder."""
    from chainrule.cli.fit import run_fit

    sources = {option: ctx.get_parameter_source(option.key) for option in OPTIONS}
    typed = [
        option for option, source in sources.items() if source and source.name == "COMMANDLINE"
    ]
    raise typer.Exit(run_fit({option.name: values[option.key] for option in typed}))


@app.command()
def predict(
    run: Run,
    table: Table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV or Parquet file; stdout if not given.")
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Share of new rows to lie between lower and upper, such as 0.9."),
    ] = None,
    separator: Separator = None,
) -> None:
    """Predict new rows; the target column need not be there."""
    from chainrule.cli.predict import run_predict

    run_predict(run, table, out, interval, separator)


@app.command()
def evaluate(
    run: Run,
    table: Table,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="Column to compare with; as in the fit."),
    ] = None,
    separator: Separator = None,
    json: Json = False,
) -> None:
    """Test a trained model on a labelled table."""
    from chainrule.cli.evaluate import run_evaluate

    run_evaluate(run, table, target, separator, json)


@app.command()
def datasets(json: Json = False) -> None:
    """List the named data sets."""
    from chainrule.cli.datasets import list_datasets

    list_datasets(json)


@app.command()
def demo(
    name: Annotated[str | None, typer.Argument(help="Which one; see --list.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the demos.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for figures; runs/demo-<name>-<n> if not given.")
    ] = None,
) -> None:
    """Run a system of the textbooks, ready to watch."""
    from chainrule.cli.demo import run_demo

    run_demo(name, show, out)
