"""Work that threads share: each part is done once, in whichever threads, and no failure is lost."""

import multiprocessing
import threading

import numpy as np
import pytest
import torch

from spikewright.kernels import _threads
from spikewright.kernels._threads import cuts, share


@pytest.fixture(params=["OpenMP", "pool"])
def way(request, monkeypatch):
    """Both ways in which threads are had."""
    if request.param == "pool":
        monkeypatch.setattr(_threads, "_openmp", lambda: None)
    elif _threads._openmp() is None:
        pytest.skip("torch has no OpenMP whose threads can be had here")
    return request.param


def add_one(array, begin, end):
    array[begin:end] += 1


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("length", [0, 1, 1003])
def test_each_part_is_done_once(length, threads):
    array = np.zeros(length)
    for _ in range(20):
        share(add_one, (array,), cuts(length, threads))
    np.testing.assert_array_equal(array, 20)


@pytest.mark.usefixtures("way")
def test_threads_run_at_once():
    """Each part waits for the other, so one thread could not do both."""
    meeting = threading.Barrier(2, timeout=60)
    seen = []

    def meet(number):
        meeting.wait()
        seen.append((number, threading.get_ident()))

    share(meet, (), [(0,), (1,)])
    assert sorted(number for number, _ in seen) == [0, 1]
    assert len({thread for _, thread in seen}) == 2


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("bad", [0, 1])
def test_failure_is_raised(bad):
    def fail(number):
        if number == bad:
            raise ValueError(f"part {number}")

    with pytest.raises(ValueError, match=f"part {bad}"):
        share(fail, (), [(0,), (1,)])


def test_work_that_was_dropped_is_not_taken_for_done(monkeypatch):
    """An interruption that strikes before a thread has begun leaves no other trace."""
    monkeypatch.setattr(_threads, "_openmp", lambda: lambda work, threads: None)
    with pytest.raises(KeyboardInterrupt):
        share(add_one, (np.zeros(2),), cuts(2, 2))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded")
def test_in_a_forked_process():
    """It has no thread of its parent, so OpenMP would wait for threads that are not there."""
    array, threads = np.zeros(100), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.ones(1 << 20).mul_(2)
        share(add_one, (array,), cuts(100, 2))
        child = multiprocessing.get_context("fork").Process(target=share, args=(add_one, (array,), cuts(100, 2)))
        child.start()
        child.join(timeout=60)
        ended = child.exitcode
        child.kill()
    finally:
        torch.set_num_threads(threads)
    assert ended == 0
