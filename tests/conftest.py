"""What tests of all rooms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikewright import data


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Where real data sets are; the test is skipped if there are none."""
    root = data.data_root()
    if not (root / "mnist").is_dir():
        pytest.skip("needs data files: set SPIKEWRIGHT_DATA or run: spikewright data fetch mnist")
    return root
