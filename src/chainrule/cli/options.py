"""Every option of `chainrule fit` in one table.

From it come the command line and its help, the estimator's parameters, the names of options in
errors, `config.toml`, and what `--resume` keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.cli import kinds as k
from chainrule.cli.kinds import Kind
from chainrule.errors import OptionError
from chainrule.fitting import LOSSES, LOSSES_OF_CLASSES, SETTLE_SOLVERS, SOLVERS

MODELS = ("tabular", "mlp", "fixed-point")
PLAIN = ("mlp", "fixed-point")


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes
    ----------
    name : str
        At the shell `--name`, in `config.toml` `name = …`.
    kind : Kind
        How its value is read.
    default : object
        Its value when nothing was asked.
    help : str
        One line.
    parameter : str
        The estimator's parameter that it sets; empty if it sets none.
    metavar : str
        What stands for the value in the help, if not what the kind says.
    shown : bool
        Whether `--help` shows it; `--help-all` shows all.
    may_change : bool
        Whether `--resume` may go on with another value.
    recorded : bool
        Whether `config.toml` holds it.
    of_solvers : bool
        Whether it is for those solvers alone that read its parameter, where there is `--solver`.
    reads : bool
        Whether it says how a table is read: every command that reads one has it.
    models : tuple of str
        The values of `--model` that have it.
    meant : mapping
        What "auto" means to each model; to one that is not there, what its estimator makes of it.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    parameter: str = ""
    metavar: str = ""
    shown: bool = False
    may_change: bool = False
    recorded: bool = True
    of_solvers: bool = False
    reads: bool = False
    models: tuple[str, ...] = MODELS
    meant: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """The name as Python writes it."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """The name as the shell writes it."""
        return self.name.upper() if self.name == "table" else f"--{self.name}"

    def read(self, value: Any, where: str = "") -> Any:
        """Return the value that a text or a value of TOML means.

        Raises
        ------
        OptionError
            If it means none; `where` says where it stands.
        """
        try:
            return self.kind.read(value)
        except (ValueError, TypeError):
            who = f'"{self.name}" in {where}' if where else self.flag
            shown = f'"{value}"' if isinstance(value, str) else _as_toml(value)
            verb = "is" if where else "cannot be"
            raise OptionError(
                f"{who} {verb} {shown}; expected {self.kind.wanted}. Correct it, or leave it out."
            ) from None


def _as_toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_plain(value: Any) -> dict[str, Any]:
    return dict.fromkeys(PLAIN, value)


def _table() -> tuple[Option, ...]:
    shown: Any = {"shown": True}
    changing: Any = {"may_change": True}
    call: Any = {"may_change": True, "recorded": False}  # belongs to one call
    plain: Any = {"models": PLAIN}
    settles: Any = {"models": ("fixed-point",)}
    reads: Any = {"reads": True, "may_change": True}
    o = Option
    return (
        o("table", k.TEXT, None, "CSV, TSV, Parquet or Arrow file, a named data set, or -.",
          **changing),
        # what is learnt, from which columns
        o("target", k.NAMES, (), "Column to predict; again for several.", **shown),
        o("task", k.TEXT, "auto", "auto, classification or regression.", **shown),
        o("category", k.NAMES, (), "Column to take for categories.", "category", **shown),
        o("number", k.NAMES, (), "Column to take for numbers.", "number"),
        o("drop", k.NAMES, (), "Column to leave out.", "drop", **shown),
        o("scale", k.SWITCH, True, "Scale numbers to mean 0, deviation 1.", "scale", **plain),
        o("weight", k.NAME, None, "Column of row weights, 0 or more; no input.", **shown),
        o("class-weight", k.NAMES, (), '"balanced", or CLASS=WEIGHT, again for more.',
          "class_weight", "WEIGHT", **shown),
        # which rows are held out
        o("split", k.TEXT, "stratified", "stratified, random, last or groups.", **shown),
        o("groups", k.NAME, None, "Column whose groups stay together; no input.", **shown),
        o("test", k.NUMBER, 0.2, "Share or number of test rows."),
        o("validation", k.AMOUNT, "auto", "The same for validation: 0.15; of tabular none.",
          meant={"tabular": 0.0} | _of_plain(0.15)),
        o("seed", k.WHOLE, 0, "Decides split, first weights and shuffling.", "random_state",
          **shown),
        # the network
        o("model", k.TEXT, "auto", "tabular (the most accurate), mlp, or fixed-point.", **shown),
        o("size", k.TEXT, "auto", "auto, small, or large: slower and a little better.", "size",
          models=("tabular",), **shown),
        o("hidden", k.UNITS, "auto", 'Units of each hidden layer: "64,32", or "".',
          "hidden_layer_sizes", meant={"mlp": (100,), "fixed-point": (50,)}, **shown),
        o("activation", k.WORDS, "auto", "One for all hidden layers, or one for each.",
          "activation", meant={"mlp": "relu"}),
        o("layer-norm", k.SWITCH, False, "Normalise every hidden layer.", "layer_norm",
          models=("mlp",)),
        o("dropout", k.NUMBERS, 0.0, "Share of units silenced; one, or one per layer.", "dropout",
          **plain),
        o("networks", k.COUNT, "auto", "Networks whose mean predicts: by size; of mlp 1.",
          "n_networks", models=("tabular", "mlp"), meant={"mlp": 1}),
        o("guarantee", k.TEXT, "spectral",
          "spectral, row-sum, perron, monotone, symmetric, non-negative, none.", "guarantee",
          **settles),
        o("bound", k.NUMBER, 0.3, "How loud an echo is at most, of the first three.", "bound",
          **settles),
        o("settle-solver", k.TEXT, "auto", f"{', '.join(SETTLE_SOLVERS)}.", "settle_solver",
          **settles),
        o("settle-step", k.NUMBER, None, "Share of the way in a sweep, above 0, at most 1.",
          "settle_step", **settles),
        o("settle-tol", k.NUMBER, None, "Residual at which a row has settled.", "settle_tol",
          **settles),
        o("max-settle", k.WHOLE, 1000, "Sweeps after which a row is unsettled.", "max_settle",
          **settles),
        o("on-unsettled", k.TEXT, "drop", "drop, raise or use rows that do not settle.",
          "on_unsettled", **settles),
        o("loss", k.TEXT, "auto",
          f"{', '.join(LOSSES)}; {LOSSES_OF_CLASSES[0]}.", "loss"),
        o("quantile", k.NUMBERS, 0.5, 'Levels to learn: "0.05,0.5,0.95".', "quantile"),
        o("target-transform", k.TEXT, "auto", "auto (of a long tail what pays), none, log.",
          "target_transform", models=("tabular",)),
        o("dtype", k.TEXT, "float32", "float32 or float64.", "dtype"),
        # how it is trained
        o("epochs", k.COUNT, "auto", "Passes over the training rows at most.", "max_iter",
          meant=_of_plain(200), **shown, **changing),
        o("rate", k.AMOUNT, "auto", "Learning rate.", "learning_rate_init",
          meant=_of_plain(0.005), **changing),
        o("schedule", k.TEXT, "cosine", "constant, step, exponential, cosine or one-cycle.",
          "schedule", **plain, **changing),
        o("solver", k.TEXT, "adam", f"{', '.join(SOLVERS)}.",
          "solver", **plain),
        o("momentum", k.NUMBER, 0.9, "Of sgd.", "momentum", **plain, **changing,
          of_solvers=True),
        o("weight-decay", k.AMOUNT, "auto", "Of adamw 0.01, of tabular 0.02.", "weight_decay",
          **changing, of_solvers=True, meant={"tabular": 0.02} | _of_plain(0.01)),
        o("batch", k.SIZE, "auto", 'Rows to a step, "auto" or "full".', "batch_size", **changing),
        o("penalty", k.AMOUNT, "auto", "L2 penalty on weights.", "alpha", **plain, **changing),
        o("l1", k.NUMBER, 0.0, "L1 penalty on weights.", "l1", **plain, **changing),
        o("clip-norm", k.NUMBER, None, "Longest gradient.", "clip_norm", **plain),
        o("frozen-layers", k.WHOLES, (), "Layers left as they are; 0 is the first, -1 the last.",
          "frozen_layers", models=("mlp",), **changing),
        o("patience", k.COUNT, "auto", "Epochs without a better one before it stops: 20, or never.",
          "n_iter_no_change", **changing, meant={"tabular": None} | _of_plain(20)),
        o("tol", k.NUMBER, 0.0, "By how much a loss must be better to count.", "tol",
          **plain, **changing),
        o("scoring", k.TEXT, "auto", "What chooses the epoch: loss, or a scorer's name.",
          "scoring", **changing, meant=_of_plain("loss")),
        o("time", k.NUMBER, None, "Seconds for training at most.", "time_limit",
          metavar="SECONDS", **changing),
        o("checkpoint", k.NUMBER, 60.0, "Seconds after which it is kept, to go on if it is ended; "
          "0: never.", metavar="SECONDS", **changing),
        # how the table is read
        o("separator", k.TEXT, None, 'Between fields; "tab" or "blank" (runs of blanks); found.',
          **reads),
        o("encoding", k.TEXT, None, "Of a text file, such as cp1252; found.", **reads),
        o("quote", k.TEXT, None, "double, single or none; found.", **reads),
        o("header", k.SWITCH, None, "Whether the first row holds names (else x0, x1, …); found.",
          **reads),
        o("skip-rows", k.WHOLE, None, "Lines before the table; found.", **reads),
        o("skip-footer", k.WHOLE, None, "Lines after the table; found.", **reads),
        o("comment", k.TEXT, None, "What lines begin with that are no rows; found.", **reads),
        o("decimal", k.NAMES, (), '"." or ","; of one column COLUMN=, ; found.', metavar="MARK",
          **reads),
        o("date-format", k.NAMES, (), '"day first", "month first", "%d.%m.%y"; COLUMN=… for one.',
          metavar="FORMAT", **reads),
        o("missing", k.NAMES, (), "Word for a gap, again for more, in place of the usual ones.",
          metavar="WORD", **reads),
        o("sample", k.WHOLE, None, "Take so many rows, drawn at random; the same every time.",
          metavar="ROWS", **reads),
        o("strict", k.SWITCH, False, "Refuse a table with cells or rows that cannot be read.",
          **reads),
        # the call
        o("config", k.PATH, None, "config.toml of a run, or one of your own.", **shown, **call),
        o("resume", k.PATH, None, "Run folder whose training goes on.", metavar="RUN", **shown,
          may_change=True),
        o("out", k.PATH, None, "Run folder; else runs/<table>-<n>.", **shown, **call),
        o("baselines", k.SWITCH, True, "Compare with models without a network.", **changing),
        o("figures", k.SWITCH, True, "Draw figures.", **changing),
        o("report", k.SWITCH, True, "Write the report, one HTML file.", **changing),
        o("json", k.SWITCH, False, "Print the results as JSON on stdout.", **shown, **call),
    )  # fmt: skip


OPTIONS = _table()
BY_NAME = {option.name: option for option in OPTIONS}
READS = tuple(option for option in OPTIONS if option.reads)
PARAMETERS = {option.parameter: option for option in OPTIONS if option.parameter}
