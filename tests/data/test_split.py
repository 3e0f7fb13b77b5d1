"""Drawing parts: every class in proportion, and nothing twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.data._split import stratified_split


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(3, 40), min_size=1, max_size=8),
    share=st.floats(0.05, 0.5),
    seed=st.integers(0, 5),
)
def test_a_split_is_a_partition_in_proportion(sizes, share, seed):
    """Each class gives its share, rounded up or down, but at least one; all others stay."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    count = max(1, round(share * len(labels)))
    rest, chosen = stratified_split(labels, count, seed)
    assert sorted([*rest, *chosen]) == list(range(len(labels)))
    taken = np.bincount(labels[chosen], minlength=len(sizes))
    exact = count * np.array(sizes) / len(labels)
    assert (taken >= np.maximum(1, np.floor(exact))).all()
    assert (taken <= np.maximum(1, np.ceil(exact))).all()
    assert (taken < sizes).all()
    # More are chosen only where a class would have had none.
    assert len(chosen) >= count
    if exact.min() >= 1:
        assert len(chosen) == count


def test_a_split_depends_on_its_seed_only():
    labels = np.arange(200) % 3
    first, again, other = (stratified_split(labels, 50, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[1], again[1])
    assert set(first[1]) != set(other[1])
    assert len(first[1]) == len(other[1]) == 50


def test_parts_are_in_random_order():
    """Samples that lie sorted by class, as in folders, do not come so."""
    labels = np.repeat(np.arange(4), 50)
    rest, chosen = stratified_split(labels, 40, 0)
    for part in (rest, chosen):
        changes = np.count_nonzero(np.diff(labels[part]))
        # Sorted: 3 changes. In random order three of four neighbours differ.
        assert changes > len(part) / 2
