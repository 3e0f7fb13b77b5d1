"""Up to which density adding rows of weights is quicker than a dense product, as measured on this machine."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import torch
from platformdirs import user_cache_path

from spikewright.files import write_whole
from spikewright.kernels._sparse_product import add_event_rows, events_of, spread_event_rows

ROWS, SOURCES, TARGETS, DENSITY, ROUNDS = 1024, 512, 256, 0.1, 7
"""Shape and density of the products that are measured, and how often; the shortest time counts."""


class Rates(NamedTuple):
    """Seconds that parts of a product and of the gradient of its weights take.

    Parameters
    ----------
    find : float
        Of a number of the input, to see whether it is zero.
    add : float
        Of an event at a target, there and back.
    multiply : float
        Of a number of the input at a target in dense products, there and back.
    """

    find: float
    add: float
    multiply: float


def densest(targets: int) -> float:
    """Return the fraction of an input that may differ from zero for adding rows to be quicker than a dense product.

    It is measured once for an installation and processor, and kept in the user's cache folder, so that a fit that goes
    on in another process takes the same way with the same rounding. Where that folder cannot be written it is measured
    once for a process.

    Parameters
    ----------
    targets : int
        What the product gives for each row.
    """
    rates = _rates()
    return max((rates.multiply - rates.find / max(targets, 1)) / rates.add, 0.0)


@lru_cache(maxsize=1)
def _rates() -> Rates:
    name = f"rates-{torch.backends.cpu.get_cpu_capability()}-{_measured_code()}.json"
    path = user_cache_path("spikewright") / "kernels" / name
    rates = _read(path)
    if rates is None:
        rates = measured()
        _keep(rates, path)
    return _read(path) or rates


def _measured_code() -> str:
    """Return a hash of all that may be measured: every kernel."""
    texts = [file.read_text() for file in sorted(Path(__file__).parent.glob("*.py"))]
    versions = [version(name) for name in ("torch", "numba")]
    return hashlib.sha256("".join(texts + versions).encode()).hexdigest()[:16]


def _read(path: Path) -> Rates | None:
    try:
        rates = Rates(*map(float, json.loads(path.read_text())))
    except (OSError, ValueError, TypeError):
        return None
    return rates if all(0 < rate < 1 for rate in rates) else None


def _keep(rates: Rates, path: Path) -> None:
    """Write rates, unless another process was faster: what is kept does not change any more."""
    try:
        if _read(path) is None:
            write_whole(path, json.dumps(rates).encode())
    except OSError:
        return


def measured() -> Rates:
    """Measure the rates in a tenth of a second, on one thread by its own clock: others may be busy meanwhile."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(ROWS, SOURCES, generator=generator) < DENSITY).float()
    weights = torch.rand(SOURCES, TARGETS, generator=generator)
    charges, gradients, bias = torch.rand(ROWS, TARGETS), torch.rand(SOURCES, TARGETS), torch.zeros(TARGETS).numpy()
    events = events_of(x.numpy(), 1.0)
    if events is None:
        raise RuntimeError("densest: an input has more numbers that are not zero than numbers.")

    def add() -> None:
        add_event_rows(events, weights.numpy(), bias, charges.numpy(), 1)
        spread_event_rows(events, charges.numpy(), gradients.numpy(), 1)

    def multiply() -> None:
        torch.mm(x, weights, out=charges)
        torch.mm(x.T, charges, out=gradients)

    works = (lambda: events_of(x.numpy(), 1.0), add, multiply)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rounds = [[_seconds(work) for work in works] for _ in range(1 + ROUNDS)]
    finally:
        torch.set_num_threads(threads)
    # The first round compiles.
    find, adding, multiplying = map(min, zip(*rounds[1:], strict=True))
    return Rates(find / x.numel(), adding / (int(events.first[-1]) * TARGETS), multiplying / (x.numel() * TARGETS))


def _seconds(work: Callable[[], object]) -> float:
    started = time.thread_time()
    work()
    return time.thread_time() - started
