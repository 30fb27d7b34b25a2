"""A column of one value, or of none, apart from gaps: it tells nothing and is left out."""

from __future__ import annotations

import numpy as np

from chainrule.data.columns.kinds.kind import Column, ColumnKind
from chainrule.data.columns.values import Values
from chainrule.wording import count


class Constant(ColumnKind):
    """See the module."""

    name = "constant"

    def recognised(self, values: Values, weight: np.ndarray | None) -> Column | None:
        del weight
        if values.gaps.all():
            return Column(values.name, self.name, values.note or "no value", len(values.gaps))
        if values.is_text:
            varies = len(values.frequency) > 1
        else:
            present = values.data[~values.gaps]
            varies = not (present == present[0]).all()
        if varies:
            return None
        n_gaps = int(values.gaps.sum())
        apart = f" apart from {count(n_gaps, 'gap')}" if n_gaps else ""
        return Column(values.name, self.name, f"constant{apart}", n_gaps)
