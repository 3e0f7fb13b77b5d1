"""Feed readers with damaged files for as long as one likes: ``python -m fuzz.run [--seconds 60] [READER ...]``.

Atheris chooses what to damage by the branches that were taken. Each reader runs in a process of its own; a file that
breaks one is kept in ``fuzz/found``, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOUND = Path(__file__).with_name("found")


def main() -> int:
    """Run every reader that was asked for, one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="READER")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        feed(asked.names[0], asked.seconds)
    return max(child(name, asked.seconds) for name in asked.names or names())


def names() -> list[str]:
    """Return the names of all readers."""
    script = "from fuzz.readers import READERS; print(*READERS)"
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()


def child(name: str, seconds: int) -> int:
    """Fuzz one reader in a process of its own; return its exit code."""
    print(f"{name}: {seconds} s", flush=True)
    FOUND.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "fuzz.run", "--here", "--seconds", str(seconds), name], check=False
    ).returncode


def feed(name: str, seconds: int) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris  # noqa: PLC0415 - only here, and before what it is to watch

    with atheris.instrument_imports(include=["spikewright.data", "spikewright.exchange", "spikewright.compare"]):
        from fuzz.readers import READERS, check  # noqa: PLC0415

    reader = READERS[name]
    with TemporaryDirectory() as folder:
        seeds, path = Path(folder) / "seeds", Path(folder) / reader.name
        seeds.mkdir()
        (seeds / "good").write_bytes(reader.good())

        def one(data: bytes) -> None:
            path.write_bytes(data)
            check(reader, path)

        limits = [f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20", "-verbosity=0"]
        atheris.Setup([sys.argv[0], f"-artifact_prefix={FOUND}/{name}-", *limits, str(seeds)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
