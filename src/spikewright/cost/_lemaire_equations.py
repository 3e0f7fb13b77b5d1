"""The counts of Lemaire et al., equation by equation.

Their symbols: a layer receives ``theta_in`` spikes and sends ``theta_out`` in an inference of ``T`` steps. A
convolution has ``C_out`` channels of ``H_out x W_out`` neurons and kernels of ``H_k x W_k`` in stride ``S``; a fully
connected layer has ``N_in`` inputs and ``N_out`` neurons. Numbers of equations are theirs.
"""

from __future__ import annotations

from math import ceil, prod
from typing import NamedTuple

from spikewright.cost._form import Form
from spikewright.cost._pathway import Pathway

WINDOWED = ("convolution", "pool")


class Operations(NamedTuple):
    """Multiply-accumulates and additions."""

    multiply_accumulates: float
    additions: float


class Accesses(NamedTuple):
    """Reads and writes of each memory of a layer, in words."""

    inputs: float
    weights: float
    biases: float
    potentials: float
    outputs: float


def artificial_operations(form: Form) -> Operations:
    """Return what an artificial layer computes: a product for each input of each neuron, and a bias each.

    Convolution: ``MAC = C_out H_out W_out C_in H_k W_k``, ``ACC = C_out H_out W_out``; fully connected:
    ``MAC = N_in N_out``, ``ACC = N_out``. Borders count in full.
    """
    return Operations(float(form.targets * form.fan_in), float(form.targets))


def artificial_accesses(form: Form) -> Accesses:
    """Return what an artificial layer reads and writes.

    Convolution: inputs and weights ``C_in C_out H_out W_out H_k W_k`` each; fully connected: inputs ``N_in``, weights
    ``N_in N_out``. A bias is read and an output written for each neuron.
    """
    products, outputs = float(form.targets * form.fan_in), float(form.targets)
    inputs = products if form.kind in WINDOWED else float(form.sources)
    return Accesses(inputs, products, outputs, 0.0, outputs)


def artificial_addressing(form: Form) -> Operations:
    """Return the additions by which an artificial layer finds its operands.

    Convolution: ``ACC = C_in H_in W_in + C_out H_out W_out + C_out H_k W_k``. A fully connected layer is one of 1 x 1
    images and kernels.
    """
    return Operations(0.0, float(form.sources + form.targets + form.channels * prod(form.kernel)))


def delivered_operations(path: Pathway) -> Operations:
    """Return the additions of weights that spikes bring; the first term of equations 1.4 and 2.4.

    Convolution: ``theta_in ceil(H_k / S) ceil(W_k / S) C_out``; fully connected: ``theta_in N_out``, without the factor
    ``N_in`` of the published equation, which the authors' later code drops. A sparse or lateral connection, for which
    they have no equation, counts the synapses that spikes reach.
    """
    form = path.form
    if form.kind in WINDOWED:
        windows = prod(ceil(size / step) for size, step in zip(form.kernel, form.stride, strict=True))
        return Operations(0.0, path.events * windows * form.channels)
    return Operations(0.0, path.events * form.targets if form.kind == "dense" else path.effective)


def reached_words(path: Pathway) -> float:
    """Return the weights that spikes read, each with a potential that is read and written.

    Convolution: ``theta_in C_out H_k W_k``; fully connected: ``theta_in N_out``.
    """
    form = path.form
    if form.kind in WINDOWED:
        return path.events * form.channels * prod(form.kernel)
    return path.events * form.targets if form.kind == "dense" else path.effective


def neuron_operations(neurons: float, steps: int, spikes: float, *, leaky: bool) -> Operations:
    """Return what the neurons compute; equations 1.3 and 2.3, and the other terms of 1.4 and 2.4.

    ``ACC = T N_out + theta_out``, the bias of each step and the resets, which the published equation for fully
    connected layers left out; ``MAC = T N_out`` for the leak, 0 without one.
    """
    return Operations(neurons * steps if leaky else 0.0, neurons * steps + spikes)


def spiking_accesses(words: float, events: float, neurons: float, steps: int, spikes: float) -> Accesses:
    """Return what a spiking layer reads and writes.

    Spikes ``theta_in`` read and ``theta_out`` written, weights as :func:`reached_words`, biases ``T N_out``, and
    potentials as many as weights and biases together, each read and written.
    """
    updates = neurons * steps
    return Accesses(events, words, updates, 2 * (words + updates), spikes)


def spiking_addressing(path: Pathway) -> Operations:
    """Return the operations by which a spike finds its synapses.

    Convolution: ``MAC = 2 theta_in``, ``ACC = theta_in C_out H_k W_k`` (equation 16.3 as it is explained; their code
    leaves ``C_out`` out); fully connected: ``ACC = theta_in N_out``.
    """
    return Operations(2 * path.events if path.form.kind in WINDOWED else 0.0, reached_words(path))


def memory_access(words: float, bits: int) -> float:
    """Return the energy in pJ of an access to a memory of so many words: a line through Horowitz's three sizes."""
    return 1.09e-5 * words * bits + 13.2
