"""`chainrule datasets`: what tables have a name."""

import json as json_format

import msgspec

from chainrule.cli.talk import columns
from chainrule.data import DATASETS


def list_datasets(json: bool) -> None:
    """Carry out the command."""
    if json:
        print(json_format.dumps([msgspec.to_builtins(d) for d in DATASETS.values()], indent=2))
        return
    rows = [["name", "rows", "columns", "target", "task", "what", "source, licence"]]
    for d in DATASETS.values():
        about = f"{d.source}, {d.licence}"
        rows.append([d.name, str(d.rows), str(d.columns), d.target, d.task, d.title, about])
    print("\n".join(columns(rows)))
