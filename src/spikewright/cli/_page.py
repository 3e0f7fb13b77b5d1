"""The page of a comparison, written beside its records."""

from __future__ import annotations

from pathlib import Path

import spikewright as sw


def write_page(folder: Path, out: Path | None = None) -> Path:
    """Draw the page of a comparison and return where it is: ``report.html`` in its folder, if not told otherwise."""
    page = out or folder / "report.html"
    sw.files.write_whole(page, sw.report.render(sw.compare.records(folder)).encode())
    return page
