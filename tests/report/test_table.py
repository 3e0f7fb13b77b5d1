"""The table in the terminal."""

from __future__ import annotations

import io

from rich.console import Console

from spikewright.report import table


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
