"""`chainrule datasets`: what tables have a name."""

import json as json_format

import msgspec

from chainrule.cli.talk import columns, draw
from chainrule.data import DATASETS
from chainrule.data.reading.datasets import at_hand


def list_datasets(json: bool) -> None:
    """Carry out the command."""
    if json:
        facts = [{**msgspec.to_builtins(d), "at_hand": at_hand(d.name)} for d in DATASETS.values()]
        print(json_format.dumps(facts, indent=2))
        return
    rows = [["name", "rows", "columns", "target", "task", "at hand", "what", "source, licence"]]
    for d in DATASETS.values():
        ready = "yes" if at_hand(d.name) else "no"
        about = f"{d.source}, {d.licence}"
        rows.append([d.name, str(d.rows), str(d.columns), d.target, d.task, ready, d.title, about])
    draw(columns(rows))
