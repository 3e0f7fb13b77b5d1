"""Record what integer simulators of chips give: ``python -m tests.golden.make_integer_traces NAME PYTHON``.

NAME is ``xylosim``, ``lava`` or ``sinabs``, PYTHON the interpreter of an environment that has it: xylosim 0.1.3,
lava-nc 0.10.0 with NumPy 1.26 and SciPy 1.13, or sinabs 3.1.3.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.integer_traces import draw_loihi, draw_speck, draw_xylo

FOLDER = Path(__file__).with_name("integer")
PROGRAMS = Path(__file__).parents[2] / "benchmarks" / "simulators"
ORIGINS = {
    "xylosim": "xylosim 0.1.3, xylosim.v2.XyloLayer",
    "lava": "lava-nc 0.10.0, PyLifModelBitAcc",
    "sinabs": "sinabs 3.1.3, backend/dynapcnn/discretize.py and layers.IAF",
}
SPECIFICATIONS = {
    "xylosim": {
        "calm": draw_xylo(1, shift=0, rate=0.7, recurrent=8),
        "saturating": draw_xylo(2, shift=6, rate=4.0, recurrent=60),
    },
    "lava": {"calm": draw_loihi(1, size=200), "saturating": draw_loihi(3, size=20000)},
    "sinabs": {
        "calm": draw_speck(1, rate=0.3, threshold=3.0, low=-2.0),
        "bursting": draw_speck(2, rate=2.0, threshold=0.4, low=-1.0),
    },
}


def main() -> None:
    """Record the traces of one simulator."""
    name, python = sys.argv[1:]
    for kind, specification in SPECIFICATIONS[name].items():
        command = [python, str(PROGRAMS / f"{name}_states.py")]
        done = subprocess.run(command, input=json.dumps(specification), capture_output=True, text=True, check=True)
        recorded = {"origin": ORIGINS[name], "specification": specification, "states": json.loads(done.stdout)}
        (FOLDER / f"{name}-{kind}.json").write_text(json.dumps(recorded) + "\n")


if __name__ == "__main__":
    main()
