"""What the neurons of a layer bring to each other, one step later: the slot that a scan leaves for it.

To the program of a step it is one input more, the last, which the scan computes from the spikes of the step before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Any: reals in the precision of the run.
Array: TypeAlias = NDArray[Any]


class Slot(NamedTuple):
    """What a scan does for feedback, as text in which ``own`` is the row of charges and ``y`` that of spikes.

    Samples go through the steps in groups: those from ``top`` up to ``bottom``, at most ``group``, all through one
    before the next.

    Parameters
    ----------
    once, start : str
        Before all groups, and before the first step of each.
    before, inside, after : str
        In each step of a sample, ``row``: before the loop over the neurons, in it, and after it.
    """

    once: str = ""
    start: str = ""
    before: str = ""
    inside: str = ""
    after: str = ""


@dataclass(frozen=True)
class Others:
    """Each spike acts on all other neurons with one weight: one sum minus one's own.

    Parameters
    ----------
    weight : float
        What a spike brings to every other neuron.
    """

    weight: float

    # The sum is narrowed at each addition, because one of 64 bits would halve the vectors.
    slot: ClassVar[Slot] = Slot(
        once="""\
strength = real(feedback[0])
owns = np.empty((group, columns[1]), constants.dtype)
counts = np.empty(group, np.int32)
""",
        start="""\
owns[:] = zero
counts[:] = 1
""",
        before="""\
own = owns[row - top]
count, former = int32(0), counts[row - top]
""",
        inside="count = int32(count + int32(y[n] != zero))",
        # Where nothing fired in two steps the charges are what they were.
        after="""\
if count | former:
    for n in range(len(y)):
        own[n] = strength * (real(count) - y[n])
counts[row - top] = count
""",
    )

    @property
    def values(self) -> tuple[float]:
        """What the slot takes."""
        return (self.weight,)

    def charges(self, fired: Array) -> Array:
        """Return what spikes bring, both of shape (batch, neuron); the meaning of the slot."""
        others: Array = fired.dtype.type(self.weight) * (fired.sum(-1, keepdims=True) - fired)
        return others


@dataclass(frozen=True)
class Matrix:
    """Each pair of neurons has a weight of its own: rows are added for neurons that fired, and silence costs nothing.

    Parameters
    ----------
    weights : array, shape (source, target)
        What a spike brings.
    bias : array, shape (target,)
        What arrives in every step.
    """

    weights: Array
    bias: Array

    # Four rows at a time, so that the sum is loaded and stored once for them; they are added in their order.
    slot: ClassVar[Slot] = Slot(
        once="""\
weights, bias = feedback
owns = np.empty((group, columns[1]), constants.dtype)
fired = np.empty(columns[1] + SPARE, np.int32)
""",
        start="owns[:] = bias",
        before="own = owns[row - top]",
        after="""\
own[:] = bias
k, count = 0, list_row(y, fired)
while k + 4 <= count:
    a, b = weights[uint32(fired[k])], weights[uint32(fired[k + 1])]
    c, d = weights[uint32(fired[k + 2])], weights[uint32(fired[k + 3])]
    for n in range(len(own)):
        own[n] = (((own[n] + a[n]) + b[n]) + c[n]) + d[n]
    k += 4
for last in range(k, count):
    a = weights[uint32(fired[last])]
    for n in range(len(own)):
        own[n] += a[n]
""",
    )

    @property
    def values(self) -> tuple[Array, Array]:
        """What the slot takes."""
        return self.weights, self.bias

    def charges(self, fired: Array) -> Array:
        """Return what spikes bring, both of shape (batch, neuron); the meaning of the slot."""
        own: Array = np.tile(self.bias, (len(fired), 1))
        for sample, source in np.argwhere(fired):
            own[sample] += self.weights[source]
        return own


Feedback: TypeAlias = Others | Matrix
