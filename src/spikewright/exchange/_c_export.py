"""Model files as C."""

from __future__ import annotations

from pathlib import Path

from spikewright.checks import ModelError
from spikewright.exchange._c_source import c_source
from spikewright.exchange._open import open_network, open_sample
from spikewright.network import raster_shape
from spikewright.quantised import FixedPointArithmetic, quantise


def export_c(
    model: str | Path, out: str | Path, *, sample: tuple[int, ...] | None = None, bits: int = 8
) -> dict[str, str]:
    """Write the network of a model file as one C99 file of whole numbers; see :func:`c_source`.

    Parameters
    ----------
    model, out : path
    sample : tuple of int, optional
        Shape of one sample; without it that of the notes, if they say one.
    bits : int
        Of a weight, its sign included.

    Returns
    -------
    dict of str to str
        What each layer became, by its name.

    Raises
    ------
    ModelError
        As :func:`open_network`, or if the network cannot be had in whole numbers.
    """
    net = open_network(model)
    sample = sample or open_sample(model)
    if sample is None:
        raise ModelError(f"{model}: does not say the shape of a sample. Give it.")
    integer = quantise(net, raster_shape(net, sample), FixedPointArithmetic(weight_bits=bits))
    text = c_source(integer)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(text, encoding="utf-8")
    return {layer.name: f"{type(layer.neuron).__name__}, {len(layer.step)} neurons" for layer in integer.layers}
