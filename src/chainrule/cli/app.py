"""The commands and their options; each command's work is in a file of its own.

Nothing but typer is imported before a command runs, so `--help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.talk import option_names

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
Names = list[str] | None


@app.callback(invoke_without_command=True)
def chainrule(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Neural networks trained by backpropagation on your own tables."""
    if version:
        from chainrule import __version__

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.command()
def fit(
    table: Table,
    target: Annotated[str, typer.Option("--target", "-t", help="Column to predict.")],
    task: Annotated[str, typer.Option(help="auto, classification or regression.")] = "auto",
    hidden: Annotated[str, typer.Option(help='Units of each layer: "64,32" or "".')] = "100",
    activation: Annotated[str, typer.Option(help="One, or one for each layer.")] = "tanh",
    epochs: Annotated[int, typer.Option(help="Passes over the training rows at most.")] = 200,
    rate: Annotated[float, typer.Option(help="Learning rate.")] = 0.003,
    batch: Annotated[str, typer.Option(help='Rows to a step, "auto" or "full".')] = "auto",
    dropout: Annotated[float, typer.Option(help="Share of units silenced in training.")] = 0.0,
    penalty: Annotated[float, typer.Option(help="L2 penalty on weights (alpha).")] = 0.1,
    patience: Annotated[int, typer.Option(help="Epochs without a better validation loss.")] = 40,
    split: Annotated[str, typer.Option(help="stratified, random, last or groups.")] = "stratified",
    groups: Annotated[str | None, typer.Option(help="Column whose groups stay together.")] = None,
    test: Annotated[float, typer.Option(help="Share or number of test rows.")] = 0.2,
    validation: Annotated[float, typer.Option(help="The same for validation.")] = 0.15,
    category: Annotated[
        list[str] | None, typer.Option(help="Column to take for categories.")
    ] = None,
    number: Annotated[Names, typer.Option(help="Column to take for numbers.")] = None,
    drop: Annotated[Names, typer.Option(help="Column to leave out.")] = None,
    separator: Separator = None,
    seed: Annotated[int, typer.Option(help="Decides split, weights and shuffling.")] = 0,
    time: Annotated[float | None, typer.Option(help="Seconds for training at most.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; else runs/<table>-<n>.")] = None,
    figures: Annotated[bool, typer.Option(help="Draw figures.")] = True,
    json: Json = False,
) -> None:
    """Train a network on a table; test it beside three baselines; write a run folder."""
    options: dict[str, Any] = dict(locals())
    from chainrule.cli.fit import run_fit

    with option_names():
        raise typer.Exit(run_fit(**options))


@app.command()
def predict(
    run: Run,
    table: Table,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV or Parquet file; stdout if not given.")
    ] = None,
    separator: Separator = None,
) -> None:
    """Predict new rows; the target column need not be there."""
    from chainrule.cli.predict import run_predict

    run_predict(run, table, out, separator)


@app.command()
def evaluate(
    run: Run,
    table: Table,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Column to compare with; as in the fit.")
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
