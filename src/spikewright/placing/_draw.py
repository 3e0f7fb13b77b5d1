"""Draw a placement: one row of text a core, or a picture."""

from __future__ import annotations

from html import escape

from spikewright.chips import Chip
from spikewright.placing._placement import Placement

WIDTH, ROW, LEFT = 640, 22, 70
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def draw(placement: Placement, chip: Chip, *, rows: int = 40) -> str:
    """Return a picture of a placement as SVG: one bar a core, in which each layer takes the part of its neurons.

    Parameters
    ----------
    placement : Placement
        Of a network on ``chip``.
    chip : Chip
        Its neurons in a core are the length of a bar; without such a limit the fullest core is.
    rows : int
        Most cores that are drawn; the rest is counted below.
    """
    layers = list(dict.fromkeys(share.layer for share in reversed(placement.shares)))
    cores = sorted({share.core for share in placement.shares})
    filled = {core: sum(s.stop - s.start for s in placement.shares if s.core == core) for core in cores}
    full = chip.neurons_per_core or max(filled.values())
    body = []
    for line, core in enumerate(cores[:rows]):
        y, x = 30 + line * ROW, float(LEFT)
        body.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">core {core}</text>')
        body.append(f'<rect x="{LEFT}" y="{y}" width="{WIDTH - LEFT - 10}" height="{ROW - 4}" fill="#eeeeee"/>')
        for share in (share for share in placement.shares if share.core == core):
            width = max((share.stop - share.start) / full * (WIDTH - LEFT - 10), 1.0)
            colour = COLOURS[layers.index(share.layer) % len(COLOURS)]
            label = f"{share.layer}: neurons {share.start} to {share.stop - 1}, {share.synapses:,} synapses"
            body.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 4}" fill="{colour}">'
                f"<title>{escape(label)}</title></rect>"
            )
            x += width
    bottom = 30 + min(len(cores), rows) * ROW
    for number, layer in enumerate(layers):
        x = LEFT + number * 110
        body.append(f'<rect x="{x}" y="{bottom + 8}" width="12" height="12" fill="{COLOURS[number % len(COLOURS)]}"/>')
        body.append(f'<text x="{x + 17}" y="{bottom + 18}">{escape(layer)}</text>')
    more = f", {len(cores) - rows} not drawn" if len(cores) > rows else ""
    title = f"{chip.title}: {placement.used_cores} of {placement.cores} cores, {placement.neurons:,} neurons{more}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 32}" '
        f'font-family="sans-serif" font-size="12">\n<text x="10" y="18">{escape(title)}</text>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )
