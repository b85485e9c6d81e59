import numpy as np
import pytest

from transforms import Chunk


def test_numbers_become_arrays_and_strings_stay_lists():
    chunk = Chunk.of({"pose/scale": [1, 2.5], "image": (b"a", b"b"), "image_file": np.array(["x", "y"])})
    assert len(chunk) == 2 and chunk.columns["key"] == ["0", "1"]
    np.testing.assert_array_equal(chunk.columns["pose/scale"], [1, 2.5])
    assert (chunk.columns["image"], chunk.columns["image_file"]) == ([b"a", b"b"], ["x", "y"])


@pytest.mark.parametrize("columns", [{}, {"key": ["a"], "pose/scale": [1, 2]}])
def test_columns_of_different_length_or_none_are_an_error(columns):
    with pytest.raises(ValueError, match="lengths are"):
        Chunk.of(columns)
