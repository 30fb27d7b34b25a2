"""Networks: layers in a row, through time, or round and round until they stand still."""

from chainrule.engine.networks.cell import Cell, CellParams
from chainrule.engine.networks.connections import ConnectionParams, Connections, Recurrent
from chainrule.engine.networks.equilibrium_propagation import equilibrium_propagation
from chainrule.engine.networks.feed_forward import FeedForward
from chainrule.engine.networks.fixed_point import FixedPoint
from chainrule.engine.networks.guarantees import (
    Monotone,
    NonNegative,
    Perron,
    RowSum,
    Spectral,
    Symmetric,
)
from chainrule.engine.networks.local import Local, LocalConnections, LocalParams
from chainrule.engine.networks.settling.state import Settled
from chainrule.engine.networks.unrolled import Unrolled

__all__ = [
    "Cell",
    "CellParams",
    "ConnectionParams",
    "Connections",
    "FeedForward",
    "FixedPoint",
    "Local",
    "LocalConnections",
    "LocalParams",
    "Monotone",
    "NonNegative",
    "Perron",
    "Recurrent",
    "RowSum",
    "Settled",
    "Spectral",
    "Symmetric",
    "Unrolled",
    "equilibrium_propagation",
]
