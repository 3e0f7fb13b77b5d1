"""Parts of a data set: drawn at random, with every class in its proportion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spikewright.data._dataset import Part


def stratified_split(labels: NDArray[np.integer], count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose ``count`` samples at random, of each class in proportion to its size but at least one.

    Parameters
    ----------
    labels : array of int, shape (sample,)
        Class of each sample, from 0; each class that occurs has at least two samples.
    count : int
        Number to choose; more are chosen only if there are more classes than that.
    seed : int
        Fixes the choice.

    Returns
    -------
    rest, chosen : array of int64
        Indices into ``labels``, both in random order.
    """
    generator = np.random.default_rng(seed)
    sizes = np.bincount(labels)
    exact = count * sizes / len(labels)
    quota = np.where(sizes > 0, np.maximum(1, np.floor(exact)), 0).astype(np.int64)
    missing = max(0, count - int(quota.sum()))
    quota[np.argsort(quota - exact, kind="stable")[:missing]] += 1
    order = generator.permutation(len(labels))
    # Position of each sample among those of its class, in that order; the first ones are chosen.
    by_class = np.argsort(labels[order], kind="stable")
    rank = np.empty(len(labels), np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = rank < quota[labels[order]]
    return order[~chosen], order[chosen]


def image_part(pixels: NDArray[np.uint8], labels: NDArray[np.integer], index: NDArray[np.int64] | None = None) -> Part:
    """Return the images at ``index`` (all if not given), shape (sample, channel, row, column), as numbers in [0, 1]."""
    if index is not None:
        pixels, labels = pixels[index], labels[index]
    return Part(np.divide(pixels, np.float32(255), dtype=np.float32), labels.astype(np.int64))
