"""How long a block may be, so that progress shows ten times a second and Ctrl-C is heard at once.

A block is whole epochs while several fit into a tenth of a second; longer epochs are cut.
"""

from typing import Any

from chainrule.engine.pytree import count_numbers
from chainrule.engine.training.epochs import Block, Extent, State
from chainrule.engine.training.rows import Layout

BLOCK_SECONDS = 0.1
FIRST_STEPS, FIRST_PRODUCTS = 64, 300_000_000  # before it is known how long a step takes
GROWTH = 4
CHUNK_ROWS_A_STEP = 3  # rows are measured in about a third of the time of training on them


class Pace:
    """Measures how long steps take, and deals them out."""

    def __init__(self, layout: Layout, params: Any) -> None:
        products = layout.batch_size * max(count_numbers(params), 1)
        self.layout = layout
        self.n_steps = min(FIRST_STEPS, max(1, FIRST_PRODUCTS // products))
        self.each: float | None = None  # seconds a step, with its share of measuring

    def next(self, most_epochs: int, seconds_left: float) -> Extent:
        """Return how far the next block goes, at most so many epochs."""
        seconds = max(min(BLOCK_SECONDS, seconds_left), 0.0)
        if self.each is not None or seconds == 0:
            wanted = int(seconds / (self.each or 1.0))
            self.n_steps = max(1, min(wanted, GROWTH * self.n_steps))
        n_epochs, layout = self.n_steps // self.layout.n_steps, self.layout
        if n_epochs >= 1:
            n_epochs = min(n_epochs, most_epochs, layout.longest_block)
            return Extent(n_epochs, layout.n_steps)
        rows = CHUNK_ROWS_A_STEP * self.n_steps * layout.batch_size
        return Extent(
            1,
            layout.n_steps,
            most_steps=self.n_steps,
            most_chunks=max(1, rows // layout.chunk_size),
        )

    def took(self, seconds: float, before: State, block: Block) -> None:
        """Learn from a block that took so long."""
        steps = self._position(block.state) - self._position(before)
        if steps > 0:
            self.each = max(seconds / steps, 1e-8)

    def _position(self, state: State) -> int:
        """Return how many steps have been run."""
        n_steps = self.layout.n_steps
        return (int(state.epoch) - 1) * n_steps + min(int(state.step), n_steps)
