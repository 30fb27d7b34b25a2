"""`chainrule demo`: systems of the textbooks, ready to run."""

from importlib import import_module
from pathlib import Path

from chainrule.cli.talk import Talk, columns, draw
from chainrule.errors import OptionError

DEMOS = {
    "iris": "the iris network of the tutorials, number for number, and what was wrong with it",
    "recurrent": "recurrent backpropagation: XOR by four units that all meet, and digits recalled",
    "wheat-seeds": "the six-step network on wheat seeds, fold by fold, and what its score is worth",
}


def run_demo(name: str | None, show: bool, out: Path | None) -> None:
    """Carry out the command."""
    if show or name is None:
        draw(columns([["name", "what"], *([n, what] for n, what in DEMOS.items())]))
        return
    if name not in DEMOS:
        raise OptionError(f'no demo is called "{name}". There are: {", ".join(DEMOS)}.')
    from chainrule.runs.folder import new_run_folder  # once the name is known

    talk = Talk()
    chosen = import_module(f"chainrule.demos.{name.replace('-', '_')}")  # it alone, with its JAX
    with new_run_folder(Path("runs"), f"demo-{name}", exact=out) as folder:
        chosen.show(talk.say, folder)
    talk.say("Figures", *(str(path) for path in sorted(folder.glob("*.png"))))
