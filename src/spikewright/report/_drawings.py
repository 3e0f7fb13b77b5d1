"""Small pictures drawn as SVG: what a network saw, and how it fired."""

from __future__ import annotations

from html import escape

from spikewright.compare import Record, SampleView
from spikewright.report._format import NOTHING

HEIGHT = 90
WIDTH = 320


def picture(view: SampleView, label: str) -> str:
    """Return the sample as an SVG image: brightness from the mean over channels."""
    channels = view.image
    rows, columns = len(channels[0]), len(channels[0][0])
    cells = []
    for r in range(rows):
        for c in range(columns):
            level = sum(channel[r][c] for channel in channels) / len(channels)
            if level >= 1:
                cells.append(f'<rect x="{c}" y="{r}" width="1.02" height="1.02" fill-opacity="{level / 255:.2f}"/>')
    return (
        f'<svg class="sample" viewBox="0 0 {columns} {rows}" role="img" aria-label="sample of class {escape(label)}">'
        f"{''.join(cells)}</svg>"
    )


def rasters(view: SampleView, record: Record) -> list[tuple[str, str]]:
    """Return the name of each layer and its events as an SVG drawing: time to the right, neurons downwards."""
    sizes = record.neurons_per_layer or {}
    steps = record.steps or 1
    drawn = []
    for layer, events in view.events.items():
        neurons = max(sizes.get(layer, 0), *(neuron + 1 for _, neuron in events), 1)
        dots = "".join(
            f'<circle cx="{(step + 0.5) * WIDTH / steps:.1f}" cy="{(neuron + 0.5) * HEIGHT / neurons:.1f}" r="1.2"/>'
            for step, neuron in events
        )
        title = f"{layer}: {len(events)} events of {neurons} neurons in {steps} steps"
        box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"'
        drawn.append((title, f'<svg class="raster" {box}>{dots}</svg>'))
    return drawn


def class_name(record: Record, index: int) -> str:
    """Return the name of a class."""
    return record.classes[index] if 0 <= index < len(record.classes) else NOTHING
