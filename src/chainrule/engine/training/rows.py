"""Rows on the device, padded to few sizes so that tables of nearly equal length share a program.

Padding rows have weight 0: they change no sum, and being copies of a real row they are as finite as
that one (0 times infinity is no 0).  A batch holds `batch_size` places; the rows of an
epoch are dealt out to its batches as evenly as can be, and empty places point to a padding row.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from chainrule.engine.pytree import on_device, pytree

ALIGNMENT = 64  # bytes
# One gathered chunk of rows holds at most so many numbers (4 MB in float32).
CHUNK_NUMBERS = 1_000_000
# The orders of all epochs of a block hold at most so many places.
ORDER_PLACES = 2_000_000
# No block of a tenth of a second has more steps; room for more orders would be copied in vain.
BLOCK_STEPS = 8192
LARGE_TABLE = 100_000  # rows
LONGEST_BLOCK, LONGEST_WITHOUT_ORDERS = 256, 4096


@pytree
class Rows:
    """A padded table: inputs, targets and weights of its rows."""

    x: Float[Array, "rows n_in"]
    y: Float[Array, "rows k"]
    weights: Float[Array, " rows"]


@dataclass(frozen=True, eq=False)
class Room:
    """The first `n_rows` rows of `array`, and behind them room for the padding of a training.

    Given to `train` in place of `x`, it becomes the table on the device: nothing is copied.
    """

    array: np.ndarray
    n_rows: int

    @property
    def rows(self) -> np.ndarray:
        """The rows themselves, to be written and read."""
        return self.array[: self.n_rows]


def make_room(n_rows: int, n_in: int, n_targets: int, batch_size: int | None, dtype: Any) -> Room:
    """Return room for the inputs of a table that `train` will get with this batch size."""
    size = lay_out(n_rows, n_in + n_targets, batch_size).table_size
    return Room(_aligned((size, n_in), np.dtype(dtype)), n_rows)


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array that is not filled yet and that JAX takes as it is, without a copy."""
    n_bytes = math.prod(shape) * dtype.itemsize
    raw = np.empty(n_bytes + ALIGNMENT, np.uint8)
    first = -raw.ctypes.data % ALIGNMENT
    return raw[first : first + n_bytes].view(dtype).reshape(shape)


def padded_size(n_rows: int, multiple: int = 1) -> int:
    """Return a size ≥ `n_rows` from a short list, made a `multiple`.

    The sizes are m 2ᵉ with 8 ≤ m ≤ 16; of large tables, whose padding would take much memory, with
    64 ≤ m ≤ 128.
    """
    most = 16 if n_rows <= LARGE_TABLE else 128
    exponent = max(math.ceil(math.log2(max(n_rows, 1) / most)), 0)
    size = math.ceil(n_rows / 2**exponent) * 2**exponent
    return math.ceil(size / multiple) * multiple


def pad_rows(
    x: np.ndarray | Room,
    y: np.ndarray,
    weights: np.ndarray,
    *,
    size: int,
    dtype: np.dtype,
    places: np.ndarray | None = None,
) -> Rows:
    """Return `size` rows on the device: the given ones at `places` (else first), and padding."""

    def padded(array: np.ndarray | Room, filler: Any) -> Array:
        if isinstance(array, Room):
            if places is None and array.array.shape[0] == size and array.array.dtype == dtype:
                array.array[array.n_rows :] = filler
                return on_device(array.array)
            array = array.rows
        if len(array) == size and places is None:
            return on_device(array, dtype)
        out = _aligned((size, *array.shape[1:]), dtype)
        if places is None:
            out[: len(array)] = array
            out[len(array) :] = filler
        else:
            out[:] = filler
            out[places] = array
        return on_device(out)

    first = x.rows[0] if isinstance(x, Room) else x[0]
    return Rows(x=padded(x, first), y=padded(y, y[0]), weights=padded(weights, 0))


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are dealt out to the batches of an epoch.

    `batch_size` places to a batch; `chunk_size` places are gathered at a time; `table_size` places
    in all; `n_rows` rows in `n_steps` batches.  When one batch holds the whole table, rows are
    never gathered at all.
    """

    n_rows: int
    batch_size: int
    chunk_size: int
    table_size: int

    @property
    def whole(self) -> bool:
        return self.batch_size == self.table_size

    @property
    def n_steps(self) -> int:
        return 1 if self.whole else math.ceil(self.n_rows / self.batch_size)

    @property
    def longest_block(self) -> int:
        """The largest number of epochs in one call of the compiled program."""
        if self.whole:
            return LONGEST_WITHOUT_ORDERS
        n_batches = self.table_size // self.batch_size
        few = min(ORDER_PLACES // self.table_size, BLOCK_STEPS // n_batches)
        return max(1, min(LONGEST_BLOCK, few))

    def places(self) -> np.ndarray:
        """Return the place of each of the `n_rows` rows, as they are dealt."""
        rows = np.full(self.n_steps * self.batch_size, -1, np.int32)
        self.deal(np.arange(self.n_rows, dtype=np.int32), rows)
        return np.flatnonzero(rows >= 0).astype(np.int32)

    def deal(self, rows: np.ndarray, places: np.ndarray) -> None:
        """Write the `n_rows` rows of an epoch to their `places`, evenly to the batches."""
        share, rest = divmod(self.n_rows, self.n_steps)
        batches = places[: self.n_steps * self.batch_size].reshape(self.n_steps, self.batch_size)
        larger, smaller = np.split(rows, [rest * (share + 1)])
        if rest:
            batches[:rest, : share + 1] = larger.reshape(rest, share + 1)
        batches[rest:, :share] = smaller.reshape(-1, share)

    def fixed_places(self, shuffle: bool) -> np.ndarray | None:
        """Return where rows lie in a table whose batches are dealt once and for all, if they are.

        Then nothing need be gathered in training: neither for a full batch, nor without shuffling.
        """
        return None if self.whole or shuffle else self.places()

    def skip_orders(self, n_epochs: int, rng: np.random.Generator | None) -> None:
        """Let `rng` draw what the first `n_epochs` epochs took from it."""
        if not self.whole and rng is not None:
            for _ in range(n_epochs):
                rng.permutation(self.n_rows)


def draw_orders(
    layouts: Sequence[Layout], n_epochs: int, rngs: Sequence[np.random.Generator | None]
) -> np.ndarray | None:
    """Return the row in every place, (networks, slots, places), shuffled; None if none moves.

    There is a slot for each epoch of the longest block; those from `n_epochs` on are not filled.
    """
    first = layouts[0]
    if first.whole or rngs[0] is None:
        return None
    orders = _aligned((len(rngs), first.longest_block, first.table_size), np.dtype(np.int32))
    orders[:, :n_epochs] = first.table_size - 1  # a row of padding
    for own, layout, rng in zip(orders, layouts, rngs, strict=True):
        rows = np.arange(layout.n_rows, dtype=np.int32)
        for epoch in range(n_epochs):
            layout.deal(rng.permutation(rows), own[epoch])  # pyright: ignore
    return orders


def lay_out(n_rows: int, n_numbers: int, batch_size: int | None) -> Layout:
    """Return the layout of a table of `n_rows` rows with `n_numbers` numbers each."""
    if batch_size is None or batch_size >= n_rows:
        size = padded_size(n_rows)
        return Layout(n_rows, batch_size=size, chunk_size=size, table_size=size)
    chunk = max(1, CHUNK_NUMBERS // max(n_numbers, 1) // batch_size) * batch_size
    # evenly dealt batches have empty places: the table must have room for all of them
    table = padded_size(math.ceil(n_rows / batch_size) * batch_size, batch_size)
    if table > chunk:
        table = math.ceil(table / chunk) * chunk
    return Layout(n_rows, batch_size, chunk_size=min(chunk, table), table_size=table)
