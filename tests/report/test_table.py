"""The table in the terminal."""

from __future__ import annotations

import io

from rich.console import Console

from spikewright.cost import TrainingCost
from spikewright.report import fit_table, table, training_table


def test_table_says_what_the_page_says(records):
    """One row a method, best first, with accuracy, counts and energy."""
    console = Console(file=io.StringIO(), width=120)
    console.print(table(records))
    text = console.file.getvalue()
    lines = [line for line in text.splitlines() if line.strip().startswith(("First", "Second", "Third"))]
    assert [line.split()[0] for line in lines] == ["First", "Second", "Third"]
    assert "97.50 ± 6.35" in lines[0]
    assert "31 k" in lines[0]
    assert "27.9 nJ" in lines[0]
    assert "2.47 × less" in lines[0]
    assert "1.17 × more" in lines[2]
    assert "horowitz-45nm-fp32" in text


def printed(shown) -> list[str]:
    """Return the lines of a table in a terminal of 80 columns, with single spaces."""
    console = Console(file=io.StringIO(), width=80)
    console.print(shown)
    return [" ".join(line.split()) for line in console.file.getvalue().splitlines()]


def test_training_is_shown_for_each_method(records):
    """A thousand samples took 4, 64 and 40 million uses of a synapse, 68 million for gradients; others have none."""
    lines = printed(training_table(records))
    assert "method adds MACs errors gradients weights traces neurons history" in lines
    assert "First 4 k 64 k 40 k 68 k 150 0 800 864" in lines
    assert not [line for line in lines if line.startswith(("Second", "Third"))]


def test_training_of_one_fit():
    """Every count with what it is; the history is that of one sample as it is."""
    lines = printed(fit_table(TrainingCost(forward_accumulates=50, optimizer_updates=30, history_bytes=16), 20))
    assert "adds 2.5 Forward: additions of a weight because a spike came." in lines
    assert "moments 1.5 Numbers of the optimiser written, once a batch." in lines
    assert "bytes 16 Bytes of the history." in lines
    assert "means over 20 presentations of a sample" in lines
