"""Make the peers' environments under ``.bench/``: ``python -m benchmarks.make_environments [NAME ...]``.

Each is made from ``environments/<name>.txt``, which pins all packages, so that nothing is resolved: peers that ask for
what they do not need here, such as torchvision beside another torch or an older Python, install all the same. One that
cannot be made is left out, with the reason in ``.bench/<name>.failed``, which the records repeat.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks._peer import ENVIRONMENTS, peers

REQUIREMENTS = Path(__file__).with_name("environments")


def main() -> int:
    """Make those named, or all; 1 if one failed."""
    names = sys.argv[1:] or sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))
    pythons = {peer.environment: peer.python for peer in peers().values() if peer.python}
    made = [make(name, pythons.get(name, sys.executable)) for name in names]
    return int(not all(made))


def make(name: str, python: str) -> bool:
    """Make one environment, unless it is as its requirements say already; return whether it is there."""
    folder, wanted = ENVIRONMENTS / name, REQUIREMENTS / f"{name}.txt"
    stamp, failure = folder / ".installed", ENVIRONMENTS / f"{name}.failed"
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return True
    print(f"{folder} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    failure.unlink(missing_ok=True)
    install = ["-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check", "--no-deps"]
    install += ["--ignore-requires-python"]
    try:
        _run([python, "-m", "venv", str(folder)])
        _run([str(folder / "bin" / "python"), *install, "--requirement", str(wanted)])
    except (OSError, subprocess.CalledProcessError) as error:
        reason = _reason((getattr(error, "stderr", "") or str(error)).strip().splitlines())
        print(f"{name}: {reason}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        failure.write_text(reason + "\n")
        return False
    stamp.write_text(wanted.read_text())
    return True


def _reason(lines: list[str]) -> str:
    """Return the line that says most: tools of many words put hints around it."""
    telling = [line for line in lines if "error" in line.lower() or "not found" in line.lower()]
    return (telling or lines)[0].strip()


def _run(command: list[str]) -> None:
    # Otherwise pip would also look at what is in the project's own environment.
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=clean)


if __name__ == "__main__":
    sys.exit(main())
