"""What was asked of `chainrule fit`, from its four sources.

command line > `--config` file > the run that `--resume` names > defaults
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chainrule.cli.config import read_config
from chainrule.cli.options import BY_NAME, MODELS, OPTIONS, Option
from chainrule.errors import MissingFileError, OptionError
from chainrule.runs.folder import CONFIG, MANIFEST, MODEL, find_model, read_manifest
from chainrule.runs.unfinished import read_started
from chainrule.wording import did_you_mean

# What a run that was not finished may go on with otherwise.
OF_THE_CALL = ("resume", "table", "json", "baselines", "figures", "report", "checkpoint")


@dataclass(frozen=True)
class Before:
    """The run whose training goes on."""

    run: Path
    manifest: dict[str, Any]

    def had_table(self, data_hash: str) -> bool:
        """Return whether the run was trained on the table with this digest."""
        return self.manifest.get("data_hash") == data_hash

    @property
    def model(self) -> Path:
        return self.run / MODEL


@dataclass(frozen=True)
class Asked:
    """Every option's value as it was asked, by name; the run before, if any.

    `unfinished` is the run that goes on where it was ended.
    """

    values: dict[str, Any]
    before: Before | None
    unfinished: Path | None = None

    @cached_property
    def model(self) -> str:
        """Which model it is: as asked, or tabular unless something is asked that it has not."""
        asked = self.values["model"]
        if asked != "auto":
            return asked
        return "tabular" if self.why_not_tabular is None else "mlp"

    @property
    def why_not_tabular(self) -> Option | None:
        """The first option that was set, that the mlp has and the tabular model has not."""
        for option in OPTIONS:
            of_mlp = "mlp" in option.models and "tabular" not in option.models
            if of_mlp and self.values[option.name] != option.default:
                return option
        return None

    @cached_property
    def meant(self) -> dict[str, Any]:
        """Every option's value by name, with what "auto" means to the model."""
        return {
            o.name: o.meant.get(self.model, value) if value == "auto" else value
            for o in OPTIONS
            for value in (self.values[o.name],)
        }

    @property
    def options(self) -> SimpleNamespace:
        """What is meant, under the options' names in Python."""
        return SimpleNamespace(**{o.key: self.meant[o.name] for o in OPTIONS})


def ask(typed: dict[str, Any]) -> Asked:
    """Return what was asked; `typed` is what the command line says, by name.

    Raises
    ------
    OptionError, MissingFileError
        If a source cannot be read, or they contradict each other.
    """
    given = {name: BY_NAME[name].read(value) for name, value in typed.items()}
    if "config" in given:
        given = {**read_config(Path(given["config"])), **given}
    before, run, unfinished = None, {}, _unfinished(given)
    if unfinished is not None:
        given = _of_unfinished(unfinished, given)
    if given.get("resume"):
        before, run = _run_before(Path(given["resume"]))
        for name, value in given.items():
            if not BY_NAME[name].may_change and value != run[name]:
                raise _contradiction(BY_NAME[name], value, run[name], before.run)
        if "table" in given:
            run = {name: value for name, value in run.items() if not BY_NAME[name].reads}
    values = {option.name: option.default for option in OPTIONS} | run | given
    asked = Asked(values, before, unfinished)
    _check(asked)
    return asked


def _unfinished(given: dict[str, Any]) -> Path | None:
    """Return the run that is to be resumed if it was ended before it was done, or by hand."""
    run = Path(given.get("resume") or "")
    if not given.get("resume") or read_started(run) is None or not (run / CONFIG).is_file():
        return None
    stopped_by_hand = (run / MANIFEST).is_file()
    return None if stopped_by_hand and _other_options(run, given) else run


def _of_unfinished(run: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a run that goes on as it was begun."""
    other = _other_options(run, given)
    if other:
        option = BY_NAME[other[0]]
        raise OptionError(
            f"{option.flag} cannot be asked of --resume {run}, which is not finished: it goes on "
            f"as it was begun. Leave {option.flag} out, or fit anew without --resume."
        )
    own = {option.name: option.default for option in OPTIONS} | read_config(run / CONFIG)
    return own | {name: value for name, value in given.items() if name != "resume"}


def _other_options(run: Path, given: dict[str, Any]) -> list[str]:
    """Return the options that are given and would change what a run was begun with."""
    own = {option.name: option.default for option in OPTIONS} | read_config(run / CONFIG)
    return [n for n, value in given.items() if n not in OF_THE_CALL and value != own[n]]


def _run_before(run: Path) -> tuple[Before, dict[str, Any]]:
    find_model(run)
    before = Before(run, read_manifest(run))
    if not (run / CONFIG).is_file():
        raise MissingFileError(
            f"{run} holds no {CONFIG}, so that its options are not known. Fit again."
        )
    defaults = {option.name: option.default for option in OPTIONS}
    values = {**defaults, **read_config(run / CONFIG)}
    return before, {name: values[name] for name in values if name != "resume"}


def _contradiction(option: Option, value: Any, own: Any, run: Path) -> OptionError:
    def words(value: Any) -> str:
        value = "none" if value is None or value == () else value
        return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)

    return OptionError(
        f"{option.flag} {words(value)} cannot be asked of --resume {run}, which was trained with "
        f"{words(own)}: a training goes on with the network, columns and rows that it has. "
        f"Leave {option.flag} out, or fit anew without --resume."
    )


def _check(asked: Asked) -> None:
    values = asked.values
    for name in ("table", "target"):
        if not values[name]:
            option = BY_NAME[name]
            raise OptionError(
                f"{option.flag} is missing ({option.help.rstrip('.')}). "
                "Give it, or a --config file that holds it."
            )
    refuse_unknown("model", values["model"], ["auto", *MODELS])
    if not 0 <= values["seed"] < 2**32:
        raise OptionError(f"--seed {values['seed']} must be from 0 to {2**32 - 1}.")
    for option in OPTIONS:
        if values[option.name] == option.default:
            continue
        if asked.model not in option.models:
            raise OptionError(
                f"{option.flag} is for --model {' or '.join(option.models)}, not for "
                f"{asked.model}. Leave it out, or say --model {option.models[0]}."
            )
        if option.of_solvers and asked.model in BY_NAME["solver"].models:
            from chainrule.engine.optimizers import SOLVERS  # JAX, which this fit needs anyway

            takers = [name for name, rule in SOLVERS.items() if option.parameter in rule.reads]
            if values["solver"] not in takers:
                raise OptionError(
                    f"{option.flag} has an effect with --solver {' or '.join(takers)} only, not "
                    f"with {values['solver']}. Leave it out, or add --solver {takers[0]}."
                )


def refuse_unknown(option: str, value: str, known: list[str], where: str = "") -> None:
    """Raise an OptionError if an option has none of the known values."""
    if value not in known:
        hint = did_you_mean(value, known) or "."
        raise OptionError(
            f'--{option} "{value}" is not known{where}{hint} Choose one of {", ".join(known)}.'
        )
