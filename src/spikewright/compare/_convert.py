"""Artificial networks of files, converted for a data set: shared by the command and by scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from spikewright.checks import ModelError, check_count
from spikewright.coding import Direct, Rescale
from spikewright.data import Dataset, load
from spikewright.exchange import from_onnx, save
from spikewright.learners import Conversion, ConversionReport, convert, report_conversion
from spikewright.network import Network

CALIBRATION = 500
"""Training samples whose activations set the scales."""


@dataclass(frozen=True)
class ConvertedFile:
    """What the command ``convert`` tells.

    Parameters
    ----------
    report : ConversionReport
        On the test part.
    steps : int
        Length of a run.
    """

    report: ConversionReport
    steps: int

    @property
    def lost(self) -> float:
        """Accuracy of the artificial network less that of the spiking one after all steps."""
        return self.report.artificial_accuracy - self.report.accuracy_over_time[-1]

    def as_json(self) -> dict[str, object]:
        """Return everything by name."""
        return {**asdict(self.report), "steps": self.steps, "lost": self.lost}


def convert_file(
    model: str | Path,
    data: str,
    out: str | Path,
    *,
    steps: int = 32,
    input_scale: float = 1.0,
    percentile: float = 99.9,
    limit: int | None = None,
    root: str | Path | None = None,
) -> ConvertedFile:
    """Convert the network of an ONNX file, write it to a file, and run both on the test part of a data set.

    Parameters
    ----------
    model : path
        The ONNX file.
    data : str
        Name or path, see :func:`spikewright.data.load`; its training part sets the scales.
    out : path
        The model file.
    steps : int
        Length of a run.
    input_scale : float
        What samples, whose values are in [0, 1], are multiplied by: 255 for a network that was trained on bytes.
    percentile : float
        See :func:`spikewright.learners.convert`.
    limit : int, optional
        How many test samples to run; all without it.
    root : path, optional
        Where data sets are.

    Raises
    ------
    ModelError
        If the file cannot be read or converted, or is for other samples or classes.
    DataError
        If the data set is unknown or damaged.
    """
    check_count("convert_file.steps", steps)
    artificial = _scaled(from_onnx(model), input_scale)
    dataset = load(data, root=None if root is None else Path(root))
    if dataset.kind == "events":
        raise ModelError(f"{model}: takes arrays; {data} has recordings of events.")
    calibration = torch.as_tensor(dataset.train.x[:CALIBRATION])
    _check_fits(artificial, calibration, dataset, model)
    conversion = convert(artificial, calibration, code=Direct(steps=steps), percentile=percentile)
    _write(conversion, dataset, out)
    test = dataset.read_test()
    part = slice(None, limit)
    return ConvertedFile(report_conversion(conversion, test.x[part], test.y[part]), steps)


def _scaled(net: Network, factor: float) -> Network:
    if factor == 1.0:
        return net
    encoder = replace(net.encoder, before=(Rescale(low=0.0, high=1 / factor),))
    return Network(encoder, *(layer for _, layer, _ in net.sources()), net.readout, dt=net.dt).eval()


def _check_fits(net: Network, samples: torch.Tensor, dataset: Dataset, model: str | Path) -> None:
    try:
        with torch.no_grad():
            scores = net(samples[:1])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"{model}: does not take samples of shape {tuple(samples.shape[1:])}, as {dataset.name} has: {reason}"
        ) from error
    if scores.shape[1] != len(dataset.classes):
        raise ModelError(f"{model}: gives {scores.shape[1]} scores; {dataset.name} has {len(dataset.classes)} classes.")


def _write(conversion: Conversion, dataset: Dataset, out: str | Path) -> None:
    notes = {
        "data": dataset.name,
        "classes": list(dataset.classes),
        "sample": list(dataset.shape.sample),
        "outputs": list(range(len(dataset.classes))),
        "learner": "conversion of an ONNX file",
    }
    save(conversion.network, out, notes)
