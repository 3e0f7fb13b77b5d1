"""Write the pages that are made from the code: one a method, from its card, and one a room, from its public names."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from spikewright import learners
from spikewright.learners import Card, Learner

DOCS = Path(__file__).parent
ROOMS = (
    "neurons",
    "coding",
    "chips",
    "network",
    "quantised",
    "engines",
    "data",
    "fitting",
    "learners",
    "cost",
    "exchange",
    "placing",
    "compare",
    "report",
    "spikes",
)

METHOD = """\
# {card.title}

*{card.family}, {card.year}* · class [`{name}`](#spikewright.learners.{name})

{card.summary}

```{{math}}
{card.equation}
```

| | |
|---|---|
| paper | {card.paper} ({card.year}) |
| neuron | {card.neuron} |
| code | {card.code} |
| needs labels | {labels} |
| needs gradients | {gradients} |
| needs symmetric weights | {symmetric_weights} |
| needs the whole sequence in memory | {whole_sequence} |
| update is local to a synapse | {local} |

{differences}
## Use

```python
import spikewright as sw

digits = sw.data.load("digits")
learner = sw.learners.{name}.for_data(digits.shape)
learner.fit(digits.train.x, digits.train.y, validation=(digits.validation.x, digits.validation.y))
network = learner.network_
```

```{{eval-rst}}
.. autoclass:: spikewright.learners.{name}
   :noindex:
   :no-members:
```
"""

ROOM = """\
# {room}

```{{eval-rst}}
.. automodule:: spikewright.{room}
   :members:
   :exclude-members: {foreign}
```
"""


def main() -> None:
    """Write ``docs/methods/*.md`` and ``docs/reference/*.md``."""
    methods = [kind for name in learners.__all__ if is_method(kind := getattr(learners, name))]
    write(DOCS / "methods", {kind.__name__: method_page(kind.__name__, kind.card) for kind in methods})
    write(DOCS / "reference", {room: room_page(room) for room in ROOMS})


def is_method(kind: object) -> bool:
    """Return whether a public name is a learner that can be used."""
    return inspect.isclass(kind) and issubclass(kind, Learner) and kind is not Learner


def method_page(name: str, card: Card) -> str:
    """Return the page of one method."""
    needs = {
        key: "yes" if getattr(card, key) else "no"
        for key in ("labels", "gradients", "symmetric_weights", "whole_sequence", "local")
    }
    differences = f"## Where it departs from the paper\n\n{card.differences}\n" if card.differences else ""
    return METHOD.format(name=name, card=card, differences=differences, **needs)


def room_page(room: str) -> str:
    """Return the page of one room, without what it only hands on from another or inherits from scikit-learn."""
    module = importlib.import_module(f"spikewright.{room}")
    home = f"spikewright.{room}."
    foreign = [
        name for name in module.__all__ if not getattr(getattr(module, name), "__module__", home).startswith(home)
    ]
    return ROOM.format(room=room, foreign=", ".join([*foreign, "set_fit_request", "set_score_request"]))


def write(folder: Path, pages: dict[str, str]) -> None:
    """Write pages and the index that lists them."""
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.md"):
        stale.unlink()
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text)
    listed = "\n".join(pages)
    (folder / "index.md").write_text(f"# {folder.name.capitalize()}\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n")


if __name__ == "__main__":
    main()
