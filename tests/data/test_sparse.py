"""Sparse matrices: any format in, zeros stay zeros, and a dense table may follow."""

import numpy as np
import pytest
from scipy import sparse

from chainrule.data import InputEncoder, as_columns
from chainrule.errors import DataError

X = np.array([[0, 4.0, 0, 0], [2, 0, 0, 0], [-8, 1, 0, 0.5]])
SCALED = np.array([[0, 1.0, 0, 0], [0.25, 0, 0, 0], [-1, 0.25, 0, 1]])
FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array])
def test_every_format_is_scaled_and_not_centred(form, kind):
    table = kind(X).asformat(form)
    encoder = InputEncoder.fit(table)
    assert (encoder.named, encoder.mean.tolist()) == (False, [0, 0, 0, 0])
    for rows in (table, X):
        np.testing.assert_array_equal(encoder.transform(rows), SCALED.astype(np.float32))
    dense = InputEncoder.fit(X)
    np.testing.assert_array_equal(dense.transform(table), dense.transform(X))
    plain = InputEncoder.fit(table, scale=False)
    np.testing.assert_array_equal(plain.transform(table), X.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, bool])
def test_large_indices_and_every_type_of_number(dtype):
    table = sparse.csr_array(np.array([[0, 1], [3, 0]], dtype=dtype))
    table.indices, table.indptr = table.indices.astype(np.int64), table.indptr.astype(np.int64)
    np.testing.assert_array_equal(InputEncoder.fit(table).transform(table), [[0, 1], [1, 0]])


def test_gaps_options_and_weights_hold_too():
    table = sparse.csr_array(np.array([[0, 5], [np.nan, 0], [2, 0], [9, 0]]))
    encoder = InputEncoder.fit(table, drop=["x1"], weights=[1, 1, 3, 0])
    np.testing.assert_array_equal(encoder.transform(table), [[0, 0], [0, 1], [1, 0], [4.5, 0]])


def test_what_would_not_fit_in_memory_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"50,000,000,000 numbers.*TruncatedSVD"):
        as_columns(sparse.csr_array((1_000_000, 50_000)))
    with pytest.raises(DataError, match="Complex data not supported"):
        as_columns(sparse.csr_array(X * 1j))
    infinite = sparse.csr_array(np.array([[0.0], [np.inf]]))
    with pytest.raises(DataError, match='"x0" holds 1 infinite number .first in data row 2'):
        InputEncoder.fit(infinite)
