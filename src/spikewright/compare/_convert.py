"""Artificial networks of files, converted for a data set: shared by the command and by scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from spikewright.checks import ModelError, check_count
from spikewright.coding import Direct, Rescale
from spikewright.compare._model_file import OpenedModel, open_for
from spikewright.data import load
from spikewright.exchange import from_onnx, is_model_file, save
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
    """Convert an artificial network of a file, write it to a file, and run both on the test part of a data set.

    Parameters
    ----------
    model : path
        An ONNX file, or a model file of this package, such as that of a trained ``Twin``.
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
    opened = _open(model, data, root)
    artificial, dataset = _scaled(opened.network, input_scale), opened.dataset
    if dataset.kind == "events":
        raise ModelError(f"{model}: takes arrays; {data} has recordings of events.")
    calibration = torch.as_tensor(dataset.train.x[:CALIBRATION])
    _check_fits(opened, calibration, model)
    conversion = convert(artificial, calibration, code=Direct(steps=steps), percentile=percentile)
    _write(conversion, opened, out)
    samples, labels = opened.labelled(limit)
    return ConvertedFile(report_conversion(conversion, samples, labels.numpy()), steps)


def _open(model: str | Path, data: str, root: str | Path | None) -> OpenedModel:
    if is_model_file(model):
        return open_for(model, data, root)
    net = from_onnx(model)
    dataset = load(data, root=None if root is None else Path(root))
    return OpenedModel(net, dataset, list(range(len(dataset.classes))))


def _scaled(net: Network, factor: float) -> Network:
    if factor == 1.0:
        return net
    encoder = replace(net.encoder, before=(Rescale(low=0.0, high=1 / factor), *net.encoder.before))
    return Network(encoder, *(layer for _, layer, _ in net.sources()), net.readout, dt=net.dt).eval()


def _check_fits(opened: OpenedModel, samples: torch.Tensor, model: str | Path) -> None:
    dataset = opened.dataset
    try:
        with torch.no_grad():
            scores = opened.network(samples[:1])
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"{model}: does not take samples of shape {tuple(samples.shape[1:])}, as {dataset.name} has: {reason}"
        ) from error
    if scores.shape[1] != len(opened.outputs):
        raise ModelError(f"{model}: gives {scores.shape[1]} scores; {dataset.name} has {len(opened.outputs)} classes.")


def _write(conversion: Conversion, opened: OpenedModel, out: str | Path) -> None:
    dataset = opened.dataset
    notes = {
        "data": dataset.name,
        "classes": list(dataset.classes),
        "sample": list(dataset.shape.sample),
        "outputs": opened.outputs,
        "learner": "conversion of a file",
    }
    save(conversion.network, out, notes)
