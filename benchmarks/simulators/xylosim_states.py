"""Run Xylo's bit-exact simulator: a specification as JSON on standard input, its states as JSON on standard output.

Runs in an environment that has xylosim and nothing of this project. ``inputs`` has the shape (time, input); weights
``w_in`` (input, hidden), ``w_rec`` (hidden, hidden) and ``w_out`` (hidden, output); every other entry is a list.
"""

import json
import sys

from xylosim.v2 import XyloLayer, XyloSynapse


def main() -> None:
    """Read, run, write."""
    spec = json.load(sys.stdin)
    # The simulator keeps bare pointers to the synapses, so they must live as long as it does.
    kept = {name: synapses(spec[name]) for name in ("w_in", "w_rec", "w_out")}
    hidden, out = len(spec["threshold"]), len(spec["threshold_out"])
    layer = XyloLayer(
        synapses_in=kept["w_in"],
        synapses_rec=kept["w_rec"],
        synapses_out=kept["w_out"],
        aliases=[[] for _ in range(hidden)],
        threshold=spec["threshold"],
        threshold_out=spec["threshold_out"],
        has_bias=True,
        bias=spec["bias"],
        bias_out=spec["bias_out"],
        weight_shift_inp=spec["shift"],
        weight_shift_rec=spec["shift"],
        weight_shift_out=spec["shift"],
        dash_mem=spec["dash_mem"],
        dash_mem_out=spec["dash_mem_out"],
        dash_syns=[[dash] for dash in spec["dash_syn"]],
        dash_syns_out=[[dash] for dash in spec["dash_syn_out"]],
        name="",
    )
    layer.evolve(spec["inputs"])
    json.dump(
        {
            "i_syn": over_time(layer.rec_i_syn, hidden),
            "v": over_time(layer.rec_v_mem, hidden),
            "spikes": [list(step) for step in layer.rec_recurrent_spikes],
            "i_syn_out": over_time(layer.rec_i_syn_out, out),
            "v_out": over_time(layer.rec_v_mem_out, out),
            "spikes_out": [list(step) for step in layer.rec_out_spikes],
        },
        sys.stdout,
    )


def synapses(weights: list[list[int]]) -> list[list[XyloSynapse]]:
    """Return the synapses of each source."""
    return [[XyloSynapse(target, 0, weight) for target, weight in enumerate(row) if weight] for row in weights]


def over_time(records: list[list[int]], count: int) -> list[list[int]]:
    """Turn one list a neuron into one a step."""
    return [[records[neuron][step] for neuron in range(count)] for step in range(len(records[0]))]


if __name__ == "__main__":
    main()
