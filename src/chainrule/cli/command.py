"""The command line of `chainrule fit`, made from the table of its options."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from chainrule.cli.options import OPTIONS, READS, Option


def takes_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the table as its parameters, and `--help-all`."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("ctx", keyword, annotation=typer.Context)]
    for option in OPTIONS:
        hint, default = _as_typer(option)
        parameters.append(inspect.Parameter(option.key, keyword, default=default, annotation=hint))
    help_all = typer.Option(
        "--help-all",
        is_eager=True,
        callback=_show_all,
        help="Show every option and exit.",
    )
    parameters.append(
        inspect.Parameter("help_all", keyword, default=False, annotation=Annotated[bool, help_all])
    )

    def command(ctx: typer.Context, **values: Any) -> None:
        function(ctx, **values)

    command.__signature__ = inspect.Signature(parameters)  # pyright: ignore
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    return command


def reads_tables(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options on how a table is read: it gets what was said as `reading`."""
    of_command = inspect.signature(function).parameters.values()
    parameters = [each for each in of_command if each.name != "reading"]
    for option in READS:
        hint, default = _as_typer(option)
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters.append(inspect.Parameter(option.key, keyword, default=default, annotation=hint))

    def command(**values: Any) -> None:
        said = {option.key: values.pop(option.key) for option in READS}
        function(**values, reading=said)

    command.__signature__ = inspect.Signature(parameters)  # pyright: ignore
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__, command.__doc__ = function.__name__, function.__doc__
    return command


def _as_typer(option: Option) -> tuple[Any, Any]:
    """Return the annotation and the default by which typer knows an option."""
    metavar = option.metavar or option.kind.metavar or None
    if option.name == "table":
        argument = typer.Argument(help=option.help, metavar="TABLE", show_default=False)
        return Annotated[str | None, argument], None
    flags = [option.flag]
    if option.name == "target":
        flags.append("-t")
    if option.kind.typed is bool and option.recorded:
        flags = [f"{option.flag}/--no-{option.name}"]
    default = option.kind.shown(option.default)
    named = typer.Option(*flags, help=option.help, metavar=metavar, hidden=not option.shown)
    optional = option.kind.typed if default is not None else option.kind.typed | None
    return Annotated[optional, named], default


def _show_all(ctx: typer.Context, asked: bool) -> None:
    if asked:
        for parameter in ctx.command.params:
            parameter.hidden = False  # pyright: ignore[reportAttributeAccessIssue]
        ctx.command.epilog = None
        typer.echo(ctx.get_help())
        raise typer.Exit
