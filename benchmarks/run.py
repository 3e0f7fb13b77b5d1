"""Measure speed as ratios within one run: ``python benchmarks/run.py [all | NAME]``; writes ``results/bench.json``.

Each case runs ours and the other in turn (A B A B), after warm-ups, and prints medians and quartiles. No time is
printed for two that do not give the same spikes.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import torch
from torch import Tensor, nn

import spikewright as sw
from spikewright.neurons import ArcTan, NeuronModel

WARM_UPS = 3
RUNS = 9
RESULTS = Path(__file__).parents[1] / "results" / "bench.json"


def scan() -> list[dict[str, object]]:
    """Run the compiled scan of LIF neurons, forward and backward, beside the loop over its step."""
    rows = []
    for steps, batch, neurons in ((100, 64, 1000), (500, 16, 4096)):
        torch.manual_seed(0)
        x = torch.randn(steps, batch, neurons) * 0.5
        neuron = sw.LIF(tau_mem=0.02, surrogate=ArcTan(2.0))

        rows.append(
            measured(
                f"{steps} x {batch} x {neurons}",
                ours=partial(_forward_backward, sw.LIF.scan, neuron, x),
                other=partial(_forward_backward, NeuronModel.scan, neuron, x),
                name="loop over step",
            )
        )
    return rows


def _forward_backward(run: Callable[..., tuple[Tensor, object]], neuron: sw.LIF, x: Tensor) -> Tensor:
    charges = x.clone().requires_grad_()
    spikes, _ = run(neuron, charges, dt=1e-3)
    spikes.sum().backward()
    return spikes


def events() -> list[dict[str, object]]:
    """Run the event-driven engine on one sample, beside the batch engine."""
    rows = []
    for density in (0.01, 0.1):
        torch.manual_seed(0)
        net = sw.Network(
            sw.coding.Poisson(steps=100, max_rate=1000 * density),
            sw.Layer(nn.Linear(784, 800, bias=False), sw.LIF(tau_mem=0.02)),
            sw.Layer(nn.Linear(800, 10, bias=False), sw.LIF(tau_mem=0.02)),
            sw.coding.SpikeCount(),
            dt=1e-3,
        ).double()
        raster = net.encode(torch.ones(1, 784), generator=torch.Generator().manual_seed(1))
        rows.append(
            measured(
                f"784-800-10, 100 steps, input density {density}",
                ours=partial(_spikes, sw.engines.EventDriven(), net, raster),
                other=partial(_spikes, sw.engines.Batch(), net, raster),
                name="Batch",
            )
        )
    return rows


def _spikes(engine: sw.engines.Engine, net: sw.Network, raster: Tensor) -> Tensor:
    return engine.propagate(net, raster)["layer2"]


def measured(case: str, *, ours: Callable[[], Tensor], other: Callable[[], Tensor], name: str) -> dict[str, object]:
    """Run two in turn and return medians, quartiles and the ratio."""
    same = torch.equal(ours(), other())
    if not same:
        return {"case": case, "spikes_differ": True}
    times: dict[str, list[float]] = {"ours": [], name: []}
    for number in range(WARM_UPS + RUNS):
        for key, function in (("ours", ours), (name, other)):
            started = time.perf_counter()
            function()
            if number >= WARM_UPS:
                times[key].append(time.perf_counter() - started)
    return {
        "case": case,
        "threads": torch.get_num_threads(),
        "seconds": {key: median(values) for key, values in times.items()},
        "quartiles": {key: quantiles(values, n=4)[::2] for key, values in times.items()},
        "ratio": median(times[name]) / median(times["ours"]),
        "spikes_differ": False,
    }


BENCHES = (scan, events)


def main() -> int:
    """Run the benches that were asked for, print and record them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default="all", choices=["all", *(bench.__name__ for bench in BENCHES)])
    asked = parser.parse_args().name
    rows = []
    for bench in BENCHES:
        if asked not in ("all", bench.__name__):
            continue
        for row in bench():
            rows.append({"bench": bench.__name__, **row})
            print(json.dumps(rows[-1]))
    about = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "spikewright": sw.__version__},
    }
    if asked == "all":
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps([{**row, **about} for row in rows], indent=1) + "\n")
    return int(any(row["spikes_differ"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
