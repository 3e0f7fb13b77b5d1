"""Records as a comparison leaves them, made up but whole, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from shutil import which

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from spikewright.compare import ChipVerdict, Record, SampleView
from spikewright.cost import TrainingCost

IMAGE = [[[(16 * (row + column)) % 256 for column in range(8)] for row in range(8)]]
TRAINING = TrainingCost(
    forward_accumulates=4_000_000,
    forward_multiply_accumulates=64_000_000,
    backward_multiply_accumulates=40_000_000,
    gradient_accumulates=4_000_000,
    gradient_multiply_accumulates=64_000_000,
    weight_updates=150_000,
    optimizer_updates=300_000,
    neuron_updates=800_000,
    history_values=864,
    history_bytes=3456,
)
NAMES = ("horowitz-45nm-fp32", "horowitz-45nm-int8")


def record(method: str, seed: int, accuracy: float, operations: float, **changes: object) -> Record:
    """Return the record of a cell that ended well."""
    values = {
        "cell": f"{method}-{seed}",
        "method": method,
        "learner": f"spikewright.learners:{method}",
        "settings": {"seed": seed},
        "card": {
            "title": f"The method <{method}>",
            "family": "surrogate gradient",
            "summary": "Follows the gradient & fires.",
            "equation": r"\Delta w = -\eta\,\partial E / \partial w",
            "paper": "Somebody, Somewhere",
            "year": 2018,
            "neuron": "LIF",
            "code": "analog",
            "labels": True,
            "gradients": True,
            "symmetric_weights": False,
            "whole_sequence": False,
            "local": False,
            "differences": "",
        },
        "family": "surrogate gradient",
        "data": "digits",
        "classes": ["zero", "one"],
        "digests": {"train": "a", "validation": "b", "test": "c"},
        "seed": seed,
        "budget": None,
        "seconds": 3.0,
        "versions": {"spikewright": "0.1.0", "torch": "2.13.0"},
        "machine": {"processor": "A processor", "cores": 2},
        "date": f"2026-01-0{seed + 1}T00:00:00+00:00",
        "accuracy": accuracy,
        "accuracy_ci95": 0.01,
        "validation_accuracy": accuracy + 0.01,
        "twin": "twin",
        "twin_accuracy": 0.95,
        "twin_multiply_accumulates": 15000.0,
        "twin_energy_pj": {NAMES[0]: 69000.0, NAMES[1]: 3450.0},
        "steps": 4,
        "latency_steps": 1.5,
        "spikes": operations / 10,
        "input_events": 0.0,
        "synaptic_operations": operations,
        "multiply_accumulates": 0.0,
        "neuron_updates": 400.0,
        "parameters": 15000,
        "weight_bytes": 60000,
        "state_bytes": 400,
        "energy_pj": {NAMES[0]: 0.9 * operations, NAMES[1]: 0.03 * operations},
        "effective_multiply_accumulates": 0.0,
        "artificial_energy_pj": {NAMES[0]: 69000.0, NAMES[1]: 3450.0},
        "spikes_per_synapse": operations / 15000,
        "break_even": {NAMES[0]: 4.6 / 0.9, NAMES[1]: None},
        "chips": {
            "loihi-1": ChipVerdict(2 + seed, 128),
            "xylo-imu": ChipVerdict(None, 1, "input: inputs: needs 64 & the chip has 16. Pool.", 2),
        },
        "train_seconds": 2.5,
        "train_samples": 1000,
        "train_synaptic_operations": 10**9,
        "train_cost": asdict(TRAINING) if method == "First" else None,
        "peak_memory_bytes": 10**8,
        "accuracy_over_time": [0.5, 0.8, 0.9, accuracy],
        "spikes_per_layer": {"input": 8.0, "layer1": operations / 10},
        "neurons_per_layer": {"input": 64, "layer1": 100},
        "confusion": [[9, 1], [2, 8]],
        "samples": [SampleView(0, 1, IMAGE, {"input": [[0, 1], [2, 63]], "layer1": [[1, 5], [3, 99]]})],
        "history": [{"round": 1.0, "rounds": 1.0, "seconds": 2.5}],
        "model": f"models/{method}.safetensors",
    }
    return Record(**{**values, **changes})


@pytest.fixture
def records() -> list[Record]:
    """Three methods; one of them failed with one seed, and its error holds what could break a page."""
    lost = (
        "accuracy",
        "chips",
        "energy_pj",
        "spikes",
        "spikes_per_synapse",
        "synaptic_operations",
        "samples",
        "confusion",
        "twin_accuracy",
    )
    failed = record("Third", 1, 0.5, 1.0, error="odd </script><b>seeds", traceback="Traceback & more")
    failed = replace(failed, accuracy_over_time=None, spikes_per_layer=None, **dict.fromkeys(lost))
    return [
        record("First", 0, 0.97, 30000.0),
        record("First", 1, 0.98, 32000.0),
        record("Second", 0, 0.90, 2000.0),
        record("Second", 1, 0.91, 2100.0),
        record("Third", 0, 0.89, 90000.0),
        failed,
    ]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a new profile and without a network."""
    chromium, driver = which("chromium"), which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("needs a browser: apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = chromium
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1200,1600",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    yield window
    window.quit()
