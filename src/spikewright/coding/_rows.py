"""Samples whose rows are steps in time, such as spectrograms."""

from __future__ import annotations

from torch import Tensor

from spikewright.checks import Sequence


def by_rows(where: str, x: Tensor, *, steps: int, hold: int) -> Sequence:
    """Return the rows of ``x`` in order of time.

    Parameters
    ----------
    where : str
        Who asks, for the error.
    x : Tensor, shape (batch, ..., row, column)
        Samples.
    steps, hold : int
        Steps of the run, and steps of one row.

    Returns
    -------
    Tensor, shape (row, batch, ... * column)

    Raises
    ------
    ValueError
        If the rows do not fill the steps.
    """
    if x.ndim < 3:
        raise ValueError(f"{where}: takes samples with rows, shape (batch, ..., row, column); got {tuple(x.shape)}.")
    rows = x.shape[-2]
    if rows * hold != steps:
        raise ValueError(
            f"{where}.steps: must be {rows * hold} for samples of {rows} rows that last {hold} steps each; got {steps}."
        )
    return x.movedim(-2, 0).flatten(2)
