"""The commands and their options; each command's work is in a file of its own.

Nothing but typer is imported before a command runs, so `--help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.command import reads_tables, takes_options
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
    typer.Argument(help="Table: a file, pattern, folder, address, data set, or - for stdin."),
]
Run = Annotated[Path, typer.Argument(help="Run folder that `fit` wrote, or a .chr model file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the results as JSON on stdout.")]


@app.callback(invoke_without_command=True)
def chainrule(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Neural networks trained by backpropagation on your own tables."""
    if version:
        from chainrule import __version__  # as below

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.command()
@reads_tables
def look(
    table: Table,
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="Column to predict; no input.")
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="Column to take for categories.")
    ] = None,
    number: Annotated[list[str] | None, typer.Option(help="Column to take for numbers.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out.")] = None,
    json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Say how a table is read and what every column is taken for; nothing is trained."""
    from chainrule.cli.look import run_look  # --help needs none of it

    options = {"category": category or [], "number": number or [], "drop": drop or []}
    run_look(table, target or [], options, reading, json)


@app.command(epilog="`chainrule fit --help-all` shows every option.")
@takes_options
def fit(ctx: typer.Context, **values: Any) -> None:
    """Train a network on a table; test it beside three baselines; write a run folder."""
    from chainrule.cli.fit import run_fit  # --help needs none of it

    sources = {option: ctx.get_parameter_source(option.key) for option in OPTIONS}
    typed = [
        option for option, source in sources.items() if source and source.name == "COMMANDLINE"
    ]
    raise typer.Exit(run_fit({option.name: values[option.key] for option in typed}))


@app.command()
@reads_tables
def predict(
    run: Run,
    table: Table,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV, TSV or Parquet file; CSV on stdout if not given."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of TABLE to stand before the predictions; again for more; or all.",
            metavar="COLUMN",
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="Share of new rows to lie between lower and upper, such as 0.9."),
    ] = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Predict new rows; the target column need not be there."""
    from chainrule.cli.predict import run_predict  # as above

    run_predict(run, table, out, interval, reading, keep or ())


@app.command()
@reads_tables
def evaluate(
    run: Run,
    table: Table,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="Column to compare with; as in the fit."),
    ] = None,
    json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Test a trained model on a labelled table."""
    from chainrule.cli.evaluate import run_evaluate  # as above

    run_evaluate(run, table, target, reading, json)


Looked = Annotated[
    str,
    typer.Argument(
        metavar="RUN|TABLE", help="A run (its trained model), or a table (a small new network)."
    ),
]
RunsTable = Annotated[
    str | None, typer.Option(help="For a RUN: the table to take rows from; that of its fit.")
]
LookedTarget = Annotated[
    list[str] | None, typer.Option("--target", "-t", help="Column to learn; needed for a TABLE.")
]
NewHidden = Annotated[
    str | None, typer.Option(help="For a TABLE: units of each hidden layer; 2.", metavar="N,N…")
]
NewActivation = Annotated[
    str | None, typer.Option(help="For a TABLE: function of the hidden units; sigmoid.")
]
NewSeed = Annotated[int | None, typer.Option(help="For a TABLE: draws the first weights; 0.")]
NewTask = Annotated[
    str | None, typer.Option(help="For a TABLE: classification or regression; guessed.")
]


@app.command()
@reads_tables
def explain(
    what: Looked,
    row: Annotated[int, typer.Option(help="Row of the table, counted from 0.")] = 0,
    weight: Annotated[
        str | None,
        typer.Option(
            help='Whose gradient is worked out: "hidden1[0] <- COLUMN"; that of the largest one.'
        ),
    ] = None,
    format: Annotated[str, typer.Option(help="text, latex or html.")] = "text",
    show_all: Annotated[
        bool, typer.Option("--all", help="Write out every unit and term of wide layers.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout if not given.")
    ] = None,
    table: RunsTable = None,
    target: LookedTarget = None,
    hidden: NewHidden = None,
    activation: NewActivation = None,
    seed: NewSeed = None,
    rate: Annotated[
        float | None, typer.Option(help="For a TABLE: learning rate of the update; 0.1.")
    ] = None,
    task: NewTask = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Work out one row's way through the network and back, with every number."""
    from chainrule.cli.explain import run_explain  # as above
    from chainrule.cli.looked_at import NewNetwork

    new = NewNetwork(hidden, activation, seed, rate, task)
    run_explain(what, row, weight, format, show_all, out, table, target, reading, new)


@app.command("check-gradients")
@reads_tables
def check_gradients(
    what: Looked,
    weights: Annotated[
        int, typer.Option(help="Weights of each array to check singly, at most.")
    ] = 16,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the error over the step size: NAME.svg and NAME.png.")
    ] = None,
    json: Json = False,
    table: RunsTable = None,
    target: LookedTarget = None,
    hidden: NewHidden = None,
    activation: NewActivation = None,
    seed: NewSeed = None,
    task: NewTask = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Check every layer's gradients against finite differences; exit code 1 if one is wrong."""
    from chainrule.cli.check_gradients import run_check_gradients  # as above
    from chainrule.cli.looked_at import NewNetwork

    new = NewNetwork(hidden, activation, seed, None, task)
    code = run_check_gradients(what, weights, figure, json, table, target, reading, new)
    raise typer.Exit(code)


@app.command()
@reads_tables
def doctor(
    run: Run,
    table: Annotated[
        str | None, typer.Option(help="Look at these rows; the table of the fit if not given.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="Target column; as in the fit.")
    ] = None,
    sanity: Annotated[
        bool, typer.Option("--sanity", help="Also train small copies for three sanity tests.")
    ] = False,
    json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Say what is wrong with a training, and which option to change."""
    from chainrule.cli.doctor import run_doctor  # as above

    raise typer.Exit(run_doctor(run, table, target, reading, sanity, json))


@app.command()
@reads_tables
def report(
    run: Annotated[Path, typer.Argument(help="Run folder that `fit` wrote.")],
    table: Annotated[
        str | None, typer.Option(help="The table of the fit, if it is elsewhere now.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; RUN/report.html.")
    ] = None,
    figures: Annotated[bool, typer.Option(help="Draw pictures.")] = True,
    *,
    reading: dict[str, Any],
) -> None:
    """Write the report of a run again: one HTML file."""
    from chainrule.cli.report import run_report  # as above

    run_report(run, table, out, figures, reading)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Folder that holds runs.")] = Path("runs"),
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove what was ended before anything was trained.")
    ] = False,
    json: Json = False,
) -> None:
    """List the runs: whole, running, or ended before they were done."""
    from chainrule.cli.runs import run_runs  # as above

    run_runs(folder, clean, json)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, two or more.")],
    figure: Annotated[
        Path | None, typer.Option(help="Draw their curves: NAME.svg and NAME.png.")
    ] = None,
    json: Json = False,
) -> None:
    """Put runs side by side: settings that differ, scores, curves."""
    from chainrule.cli.compare import run_compare  # as above

    run_compare(runs, figure, json)


@app.command()
def rerun(
    run: Annotated[Path, typer.Argument(help="Run folder that `fit` wrote.")],
    table: Annotated[
        str | None, typer.Option(help="The table of the fit, if it is elsewhere now.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Run folder; else runs/<table>-<n>.")
    ] = None,
    json: Json = False,
) -> None:
    """Train a run again; exit code 1 if it does not come out the same, to the last bit."""
    from chainrule.cli.rerun import run_rerun  # as above

    raise typer.Exit(run_rerun(run, table, out, json))


@app.command()
def datasets(json: Json = False) -> None:
    """List the named data sets."""
    from chainrule.cli.datasets import list_datasets  # as above

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
    from chainrule.cli.demo import run_demo  # as above

    run_demo(name, show, out)
