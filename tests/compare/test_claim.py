"""Claims: one at a time, given up with the process, seen by all."""

from __future__ import annotations

import threading
import time

import pytest

from spikewright.compare import Running
from spikewright.compare._claim import abandoned, claimed, running


def test_one_at_a_time(tmp_path):
    """Threads that claim the same cell never hold it together, though it is removed each time."""
    holders, most = [], []

    def hold():
        for _ in range(100):
            with claimed(tmp_path / "a.claim"):
                holders.append(1)
                most.append(len(holders))
                time.sleep(1e-5)
                holders.pop()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 400
    assert not list(tmp_path.iterdir())


def test_others_see_how_far_it_is(tmp_path):
    with claimed(tmp_path / "a.claim") as claim:
        claim.tell(Running("a", "Method", "data", 3, 10, 20))
        claim.tell(Running("a", "M", "d", 3, 5, 20))
        assert running(tmp_path) == [Running("a", "M", "d", 3, 5, 20)]
        assert not abandoned(tmp_path / "a.claim")
    assert running(tmp_path) == []


def test_a_waiting_process_does_not_wipe_what_is_told(tmp_path):
    with claimed(tmp_path / "a.claim") as claim:
        claim.tell(Running("a", "M", "d", 3, 5, 20))
        waiting = threading.Thread(target=lambda: claimed(tmp_path / "a.claim").__enter__(), daemon=True)
        waiting.start()
        time.sleep(0.05)
        assert running(tmp_path) == [Running("a", "M", "d", 3, 5, 20)]
    waiting.join(10)
    assert not waiting.is_alive()


def test_an_interrupted_claim_is_abandoned(tmp_path):
    """It stays, so that one sees that the cell had been begun, and can be claimed again."""
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "a.claim"):
        raise KeyboardInterrupt
    assert abandoned(tmp_path / "a.claim")
    with claimed(tmp_path / "a.claim"):
        pass
    assert not abandoned(tmp_path / "a.claim")
