"""Model files as C."""

from __future__ import annotations

from pathlib import Path

from spikewright.checks import ModelError
from spikewright.exchange._c_source import c_source
from spikewright.exchange._open import open_model
from spikewright.exchange._unsaid import Unsaid
from spikewright.files import write_whole
from spikewright.network import raster_shape
from spikewright.quantised import FixedPointArithmetic, quantise


def export_c(
    model: str | Path,
    out: str | Path,
    *,
    sample: tuple[int, ...] | None = None,
    bits: int = 8,
    unsaid: Unsaid | None = None,
) -> dict[str, str]:
    """Write the network of a model file as one C99 file of whole numbers; see :func:`c_source`.

    Parameters
    ----------
    model, out : path
    sample : tuple of int, optional
        Shape of one sample; without it that of the file, if it says one.
    bits : int
        Of a weight, its sign included.
    unsaid : Unsaid, optional
        What a NIR file of another library leaves open.

    Returns
    -------
    dict of str to str
        What each layer became, by its name.

    Raises
    ------
    ModelError
        As :func:`open_model`, or if the network cannot be had in whole numbers.
    """
    opened = open_model(model, unsaid=unsaid)
    sample = sample or opened.sample
    if sample is None:
        raise ModelError(f"{model}: does not say the shape of a sample. Give it.")
    integer = quantise(opened.network, raster_shape(opened.network, sample), FixedPointArithmetic(weight_bits=bits))
    text = c_source(integer)
    write_whole(Path(out), text.encode())
    return {layer.name: f"{type(layer.neuron).__name__}, {len(layer.step)} neurons" for layer in integer.layers}
