"""Write networks of other libraries as NIR, with their rasters: ``python benchmarks/write_nir.py FOLDER [SEED]``.

Runs where those libraries are installed (``benchmarks/environments/nir.txt``) and uses nothing of this package. For
each case it writes ``<case>.nir``, by the library's own export, and ``<case>.npz`` with the input ``x``, shape (time,
batch, neuron...), and the spikes of each layer under the name of its node. What is in ``tests/exchange/files`` was
written with seed 0.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import nir
import norse.torch as norse
import numpy as np
import sinabs.layers as sl
import snntorch as snn
import torch
from norse.torch.utils.export_nir import to_nir as norse_to_nir
from rockpool.nn.combinators import Sequential as RockpoolSequential
from rockpool.nn.modules.torch import LIFNeuronTorch, LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import to_nir as rockpool_to_nir
from sinabs.activation import SingleSpike
from sinabs.nir import to_nir as sinabs_to_nir
from snntorch.export_nir import export_to_nir as snntorch_to_nir
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.nir_exchange import export_to_nir as spikingjelly_to_nir
from torch import Tensor, nn

STEPS, BATCH = 40, 2
Recording = tuple[nir.NIRGraph, Tensor, dict[str, Tensor]]


def spikes(*shape: int, rate: float = 0.3) -> Tensor:
    """Draw an input."""
    return (torch.rand(STEPS, BATCH, *shape) < rate).float()


def spread(count: int, low: float, high: float) -> Tensor:
    """Draw one value a neuron."""
    return low + (high - low) * torch.rand(count)


def dense(inputs: int, outputs: int, gain: float, *, bias: bool = True) -> nn.Linear:
    """Make a connection that makes its targets fire now and then."""
    linear = nn.Linear(inputs, outputs, bias=bias)
    nn.init.uniform_(linear.weight, -0.5 * gain, gain)
    return linear


def stepped(modules: Iterable[nn.Module], x: Tensor, fires: Callable[[nn.Module], bool]) -> dict[str, Tensor]:
    """Run modules that keep their state themselves, one step after another; record those that fire by number."""
    found: dict[str, list[Tensor]] = {}
    for step in x:
        value = step
        for number, module in enumerate(modules):
            value = module(value)
            value = value[0] if isinstance(value, tuple) else value
            if fires(module):
                found.setdefault(str(number), []).append(value.detach().clone())
    return {name: torch.stack(values) for name, values in found.items()}


def snntorch_default() -> Recording:
    """Run Leaky, then Synaptic, with the default reset: the threshold is subtracted a step late."""
    modules = [
        nn.Flatten(),
        dense(12, 9, 0.4),
        snn.Leaky(spread(9, 0.7, 0.95), threshold=torch.ones(9), init_hidden=True),
        dense(9, 6, 0.3, bias=False),
        snn.Synaptic(spread(6, 0.3, 0.8), spread(6, 0.5, 0.9), threshold=torch.full((6,), 1.5), init_hidden=True),
    ]
    x = spikes(3, 4)
    return _snntorch(modules, x)


def snntorch_zero() -> Recording:
    """Run Leaky with its reset to zero."""
    betas = spread(9, 0.7, 0.95)
    lif = snn.Leaky(betas, threshold=torch.ones(9), init_hidden=True, reset_mechanism="zero")
    return _snntorch([dense(12, 9, 0.4), lif], spikes(12))


def snntorch_recurrent() -> Recording:
    """Run RLeaky, whose recurrent connection NIR has as a loop, with its default reset."""
    modules = [
        dense(12, 9, 0.4),
        snn.RLeaky(spread(9, 0.7, 0.95), threshold=1.0, init_hidden=True, linear_features=9),
        dense(9, 5, 0.4, bias=False),
        snn.Leaky(spread(5, 0.7, 0.95), threshold=torch.ones(5), init_hidden=True),
    ]
    graph, x, rasters = _snntorch(modules, spikes(12))
    return graph, x, {"1_lif" if name == "1" else name: raster for name, raster in rasters.items()}


def _snntorch(modules: list[nn.Module], x: Tensor) -> Recording:
    graph = snntorch_to_nir(nn.Sequential(*modules), x[0], ignore_dims=[0])
    for module in modules:
        if isinstance(module, snn.SpikingNeuron):
            module.reset_mem()
    return graph, x, stepped(modules, x, lambda module: isinstance(module, snn.SpikingNeuron))


def norse_default() -> Recording:
    """Run LIFBoxCell, LIFCell, IAFCell."""
    box = norse.LIFBoxParameters(
        tau_mem_inv=spread(9, 60.0, 300.0), v_th=torch.full((9,), 0.3), v_leak=torch.zeros(9), v_reset=torch.zeros(9)
    )
    cuba = norse.LIFParameters(
        tau_mem_inv=spread(7, 60.0, 300.0), tau_syn_inv=spread(7, 100.0, 400.0), v_th=torch.full((7,), 0.3),
        v_leak=torch.zeros(7), v_reset=torch.zeros(7),
    )  # fmt: skip
    iaf = norse.IAFParameters(v_th=torch.full((5,), 0.8))
    cells = norse.LIFBoxCell(box), norse.LIFCell(cuba), norse.IAFCell(iaf)
    modules = [dense(12, 9, 1.0), cells[0], dense(9, 7, 0.9), cells[1], dense(7, 5, 0.8), cells[2]]
    x = spikes(12)
    graph = norse_to_nir(norse.SequentialState(*modules), x[0, :1])
    states: list[object] = [None] * len(modules)
    found: dict[str, list[Tensor]] = {}
    for step in x:
        value = step
        for number, module in enumerate(modules):
            if isinstance(module, nn.Linear):
                value = module(value)
                continue
            value, states[number] = module(value, states[number])
            found.setdefault(str(number), []).append(value.detach())
    return graph, x, {name: torch.stack(values) for name, values in found.items()}


def sinabs_default() -> Recording:
    """Run a convolution with IAF neurons, sum pooling, LIF neurons; one spike a step at most."""
    conv = nn.Conv2d(1, 3, 3)
    nn.init.uniform_(conv.weight, -0.1, 0.2)
    iaf = sl.IAFSqueeze(batch_size=BATCH, spike_fn=SingleSpike, spike_threshold=torch.tensor(1.0))
    threshold = torch.full((5,), 0.2)
    tau = spread(5, 5.0, 30.0)
    lif = sl.LIFSqueeze(tau_mem=tau, batch_size=BATCH, spike_threshold=threshold, spike_fn=SingleSpike)
    modules = [conv, iaf, sl.SumPool2d(2), nn.Flatten(), dense(3 * 2 * 3, 5, 0.5), lif]
    x = spikes(1, 6, 8)
    graph = sinabs_to_nir(nn.Sequential(*modules), x.transpose(0, 1).flatten(0, 1))
    # NIR cannot write a convolution without this.
    graph.infer_types()
    return graph, x, _sinabs(modules, x)


def sinabs_many() -> Recording:
    """Run LIF neurons that fire several times a step, as is the default of sinabs."""
    lif = sl.LIFSqueeze(tau_mem=torch.full((5,), 20.0), batch_size=BATCH, spike_threshold=torch.full((5,), 0.02))
    modules = [dense(12, 5, 0.8), lif]
    x = spikes(12)
    return sinabs_to_nir(nn.Sequential(*modules), x.transpose(0, 1).flatten(0, 1)), x, _sinabs(modules, x)


def _sinabs(modules: list[nn.Module], x: Tensor) -> dict[str, Tensor]:
    """Run whole sequences, which these layers take with time and batch on one axis, batch first."""
    for module in modules:
        if hasattr(module, "reset_states"):
            module.reset_states()
    value, found = x.transpose(0, 1).flatten(0, 1), {}
    for number, module in enumerate(modules):
        value = module(value)
        if isinstance(module, sl.StatefulLayer):
            found[str(number)] = value.detach().unflatten(0, (BATCH, STEPS)).transpose(0, 1)
    return found


def spikingjelly_default() -> Recording:
    """Run a convolution with IF neurons, average pooling, LIF neurons with and without decay of the input, CUBALIF."""
    conv = layer.Conv2d(1, 3, 3)
    nn.init.uniform_(conv.weight, -0.1, 0.3)
    modules = [
        conv, neuron.IFNode(v_threshold=0.9, v_reset=0.1), layer.AvgPool2d(2), layer.Flatten(),
        _jelly(18, 8, 1.0), neuron.LIFNode(tau=3.0, v_threshold=0.5, v_reset=0.0),
        _jelly(8, 7, 0.6), neuron.LIFNode(tau=5.0, decay_input=False, v_reset=-0.1),
        _jelly(7, 5, 0.4), neuron.CUBALIFNode(c_decay=0.4, v_decay=0.7),
    ]  # fmt: skip
    x = spikes(1, 6, 8)
    net = nn.Sequential(*modules)
    graph = spikingjelly_to_nir(net, x[0])
    functional.reset_net(net)
    rasters = stepped(modules, x, lambda module: isinstance(module, neuron.BaseNode))
    return graph, x, {f"_{name}": raster for name, raster in rasters.items()}


def _jelly(inputs: int, outputs: int, gain: float) -> nn.Module:
    made = layer.Linear(inputs, outputs)
    made.load_state_dict(dense(inputs, outputs, gain).state_dict())
    return made


def rockpool_default() -> Recording:
    """Run LIFTorch twice; one spike a step at most."""
    first, second = LinearTorch((12, 9), has_bias=True), LinearTorch((9, 5), has_bias=False)
    for linear, gain in ((first, 0.35), (second, 0.3)):
        linear.weight.data = dense(*linear.weight.shape, gain).weight.data.T.contiguous()
    tau_mem, tau_syn, threshold = spread(9, 0.005, 0.03), spread(9, 0.002, 0.01).unsqueeze(1), spread(9, 1.5, 3.0)
    once = torch.tensor(1.0)
    lif = LIFTorch(9, tau_mem=tau_mem, tau_syn=tau_syn, threshold=threshold, max_spikes_per_dt=once)
    last = LIFTorch(
        5,
        tau_mem=torch.tensor(0.01),
        tau_syn=torch.tensor(0.004),
        threshold=torch.full((5,), 2.0),
        max_spikes_per_dt=once,
    )
    return _rockpool([first, lif, second, last], spikes(12, rate=0.2))


def _rockpool(modules: list[nn.Module], x: Tensor) -> Recording:
    graph = rockpool_to_nir(RockpoolSequential(*modules))
    for module in modules:
        # The export ran them.
        module.reset_state()
    value, found = x.transpose(0, 1), {}
    for number, module in enumerate(modules):
        value = module(value)[0]
        if isinstance(module, LIFTorch | LIFNeuronTorch):
            found[f"{number}_{type(module).__name__}"] = value.detach().transpose(0, 1)
    return graph, x, found


CASES = {
    case.__name__.removesuffix("_default"): case
    for case in (
        snntorch_default, snntorch_zero, snntorch_recurrent, norse_default, sinabs_default, sinabs_many,
        spikingjelly_default, rockpool_default,
    )
}  # fmt: skip


def main() -> None:
    """Write all cases."""
    logging.disable(logging.CRITICAL)
    folder, seed = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        torch.manual_seed(seed)
        graph, x, rasters = case()
        nir.write(folder / f"{name}.nir", graph, compression=None)
        rasters = {name: raster.numpy().astype(np.uint8) for name, raster in rasters.items()}
        np.savez_compressed(folder / f"{name}.npz", x=x.numpy().astype(np.uint8), **rasters)


if __name__ == "__main__":
    main()
