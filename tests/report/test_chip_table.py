"""Which chips hold the networks, as the page shows it."""

from __future__ import annotations

from dataclasses import replace

from spikewright.compare import ChipVerdict, summarise
from spikewright.report import render
from spikewright.report._chip_table import chip_table


def test_cells_by_hand(records):
    """Two seeds, of which the second takes a core more; of the third method one seed failed altogether."""
    table = chip_table(summarise(records))
    assert table.chips == ("loihi-1", "xylo-imu")
    (first, cells), _, (third, last) = table.lines
    assert (first, third) == ("First", "Third")
    assert [(cell.kind, cell.text, cell.cores) for cell in cells] == [("fits", "✓ 2 to 3", 3), ("unfit", "✗", None)]
    assert cells[0].meaning == "loihi-1: 2 to 3 of 128 cores"
    assert cells[1].meaning == "xylo-imu: input: inputs: needs 64 & the chip has 16. Pool. And 2 more."
    assert last[0].text == "✓ 2"
    assert table.reasons[0] == ("First", (("input: inputs: needs 64 & the chip has 16. Pool.", "xylo-imu"),))


def test_some_seeds_only(records):
    """A method that one seed fits, and one of which nothing is known, such as a very large one."""
    unfit = {"loihi-1": ChipVerdict(None, 128, "hidden: too much.")}
    changed = [replace(records[0], chips=unfit), records[1], replace(records[4], chips=None)]
    table = chip_table(summarise(changed))
    (_, (partly, _)), (_, (unknown, _)) = table.lines
    assert (partly.kind, partly.text, partly.cores) == ("partly", "✓✗ 3", 3)
    assert partly.meaning == "loihi-1: 3 of 128 cores, in 1 of 2 seeds"
    assert (unknown.kind, unknown.text, unknown.meaning) == ("unknown", "–", "loihi-1: not worked out")
    assert ("hidden: too much.", "loihi-1") in table.reasons[0][1]


def test_old_records_have_no_table(records):
    older = [replace(record, chips=None) for record in records]
    assert chip_table(summarise(older)) is None
    assert "Which chips hold" not in render(older)


def test_the_page_tells_by_signs_and_escapes_reasons(records):
    page = render(records)
    assert '<td class="fits" data-value="3" title="loihi-1: 2 to 3 of 128 cores">✓ 2 to 3</td>' in page
    reason = "input: inputs: needs 64 &amp; the chip has 16. Pool."
    assert f'<li>{reason} <span class="quiet">xylo-imu</span></li>' in page
    assert f'title="xylo-imu: {reason} And 2 more."' in page
