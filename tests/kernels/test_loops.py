"""Into which loops a step is cut."""

from __future__ import annotations

from spikewright.kernels import Builder
from spikewright.kernels._loops import Written, cut


def test_reals_alone_are_one_loop():
    """And what is written over is written in it."""
    b = Builder()
    v = b.add("state", 0)
    after = b.add("add", b.add("mul", v, b.add("constant", 0)), b.add("input", 0))
    written = [Written("y", after), Written("s", after, v)]
    (loop,) = cut(tuple(b.nodes), [n for n, node in enumerate(b.nodes) if node.operation in ("add", "mul")], written)
    assert loop.computed[-1] == after
    assert loop.written == tuple(written)


def test_integers_have_loops_of_their_own():
    """A step that asks whether a count is 0, multiplies, and counts: two loops for integers around one for reals.

    The old potential is read in the last loop, so that it is written over there; the count's successor is not computed
    before it is needed.
    """
    b = Builder()
    v, count = b.add("state", 0), b.add("state", 1, kind="int")
    ready = b.add("eq", count, b.number(0, "int"), kind="bool")
    less = b.add("sub", count, b.number(1, "int"), kind="int")
    after = b.add("mul", b.add("real", ready), v)
    whole = b.add("int", v, kind="int")
    more = b.add("add", b.add("int", after, kind="int"), b.add("add", less, whole, kind="int"), kind="int")
    computed = [n for n, node in enumerate(b.nodes) if node.operation not in ("state", "number")]
    written = [Written("y", after), Written("s0", after, v), Written("s1", more, count)]
    first, second, third = cut(tuple(b.nodes), computed, written)
    assert first.computed == (ready,)
    assert second.computed == (b.add("real", ready), after)
    assert second.written == (written[0],)
    assert {less, whole, more} < set(third.computed)
    assert third.written == tuple(written[1:])
    assert after in third.needed
