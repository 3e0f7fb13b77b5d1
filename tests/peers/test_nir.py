"""Other libraries, run now: what they write as NIR gives here the raster that it gives there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.exchange.library_files import CONVENTIONS, differing

pytestmark = pytest.mark.peers
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=[1, 2, 3])
def folder(request, tmp_path_factory, python):
    """What the libraries wrote with a seed of its own."""
    folder = tmp_path_factory.mktemp("libraries")
    # Otherwise it would also find the packages of this environment.
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(python("nir")), str(ROOT / "benchmarks" / "write_nir.py"), str(folder), str(request.param)]
    subprocess.run(command, check=True, capture_output=True, env=clean)
    return folder


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_raster_is_the_library_s(folder, name):
    assert not any(differing(folder, name).values())
