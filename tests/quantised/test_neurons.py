"""The integer neurons: worked examples, and no value that leaves its bits unsaid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikewright.quantised import (
    FixedPointCUBA,
    FixedPointIntegrator,
    FixedPointLIF,
    LoihiCUBA,
    SpeckIF,
    TrueNorthIF,
    XyloLIF,
)


def ints(*values):
    return np.array(values, np.int64)


def run(neuron, arriving):
    """Return outputs and states of one neuron for what arrives in each step."""
    state, outputs, states = neuron.start(1), [], []
    for x in arriving:
        held = neuron.held(state)
        low, high = neuron.accumulator
        output, state = neuron.step(np.clip(held + x, low, high), state)
        outputs.append(int(output[0, 0]))
        states.append(tuple(int(entry[0, 0]) for entry in state))
    return outputs, states


def test_loihi_by_hand():
    """du = 2047 halves the current, dv = 1024 keeps three quarters of the potential; both round towards 0."""
    neuron = LoihiCUBA(ints(2047), ints(1024), ints(100), ints(0))
    # u: -192, then trunc(-192 / 2) - 64 = -160; v: -192, then trunc(-192 * 3 / 4) - 160 = -304.
    assert run(neuron, [-3, -1])[1] == [(-192, -192), (-160, -304)]
    # The current outlives a spike: 101 * 64 is more than 100 * 64, and v is set to 0.
    assert run(neuron, [101, 0])[1] == [(6464, 0), (3232, 3232)]
    assert run(neuron, [100])[0] == [0]


def test_loihi_2_subtracts():
    neuron = LoihiCUBA(ints(4095), ints(0), ints(9), ints(0), subtract=True)
    assert run(neuron, [25]) == ([1], [(1600, 1600 - 640)])


@pytest.mark.parametrize(
    ("arriving", "message"),
    [([32768], "the sum of weights of a step reaches 32768, more than 32767"), ([32767] * 9, "the current reaches")],
)
def test_loihi_says_when_it_would_wrap(arriving, message):
    with pytest.raises(ValueError, match=message):
        run(LoihiCUBA(ints(0), ints(0), ints(131071), ints(0)), arriving)


def test_xylo_by_hand():
    """Shift 2 takes a quarter, and 1 where that is 0, so that a current of 3 ends in three steps."""
    neuron = XyloLIF(ints(2), ints(1), ints(10), ints(0))
    # i: 3 -> 2 -> 1 -> 0; v: 2, then 2 - 1 + 1 = 2, then 2 - 1 + 0 = 1, then 1 - 1 = 0.
    assert run(neuron, [3, 0, 0, 0])[1] == [(2, 2), (1, 2), (0, 1), (0, 0)]
    # Minus one shifted right is minus one: -5 >> 1 is -3.
    assert run(XyloLIF(ints(1), ints(15), ints(10), ints(0)), [-5])[1] == [(-2, -2)]


def test_xylo_fires_several_times_up_to_its_most():
    hidden, output = (XyloLIF(ints(15), ints(15), ints(10), ints(0), most=most) for most in (31, 1))
    assert run(hidden, [46]) == ([4], [(45, 5)])
    assert run(output, [46]) == ([1], [(45, 35)])


def test_speck_by_hand():
    """Spikes subtract as often as the threshold fits; with a reset to 0 there is one."""
    assert run(SpeckIF(ints(10), ints(1), ints(4)), [30, -100, 0]) == ([3, 0, 0], [(5,), (-94,), (-93,)])
    assert run(SpeckIF(ints(10), ints(1), ints(4), subtract=False), [30]) == ([1], [(0,)])
    assert run(SpeckIF(ints(10), ints(0), ints(0), low=-7), [-100]) == ([0], [(-7,)])


def test_truenorth_by_hand():
    """The leak is added in every step; a spike subtracts the threshold or sets a value."""
    assert run(TrueNorthIF(ints(10), ints(-2), None, ints(3)), [5, 9]) == ([0, 1], [(6,), (3,)])
    assert run(TrueNorthIF(ints(10), ints(2), ints(1), ints(3)), [5, 0]) == ([1, 0], [(1,), (3,)])


def test_fixed_point_by_hand():
    """A decay of 3/4 and two binary places: -7 becomes trunc(-5.25) = -5 quarters."""
    kept = 3 * 2**13
    neuron = FixedPointLIF(ints(kept), ints(40), ints(0), ints(1), ints(-7), None, fraction=2, bits=16)
    assert run(neuron, [0, 11]) == ([0, 1], [(-4,), (2,)])
    assert run(FixedPointIntegrator(ints(kept), ints(0), fraction=2, bits=16), [10, 1])[0] == [40, 34]
    half = 2**14
    cuba = FixedPointCUBA(ints(kept), ints(half), ints(half), ints(30), ints(0), ints(0), ints(5), fraction=2, bits=16)
    # i: 40, 20, 10; v: 0, then 40 / 2 = 20, then 15 + 10 = 25, then 18 + 5 = 23; a large one fires and is set to 5.
    assert run(cuba, [10, 0, 0, 0])[1] == [(0, 40), (20, 20), (25, 10), (23, 5)]
    assert run(cuba, [20, 0])[1][1] == (5, 40)


EXTREMES = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=8)
BYTES = st.lists(st.integers(-(2**15), 2**15), min_size=1, max_size=8)


@settings(deadline=None)
@given(EXTREMES, st.integers(0, 15), st.integers(0, 15), st.integers(1, 32767), st.integers(-32768, 32767))
def test_xylo_never_leaves_16_bits(arriving, dash_syn, dash_mem, threshold, bias):
    neuron = XyloLIF(ints(dash_syn), ints(dash_mem), ints(threshold), ints(bias))
    outputs, states = run(neuron, arriving)
    assert all(-(2**15) <= value < 2**15 for state in states for value in state)
    assert all(0 <= output <= 31 for output in outputs)


@settings(deadline=None)
@given(EXTREMES, st.integers(1, 32767), st.integers(-127, 127), st.booleans())
def test_speck_saturates_at_16_bits_before_it_fires(arriving, threshold, bias, subtract):
    outputs, states = run(SpeckIF(ints(threshold), ints(bias), ints(0), subtract=subtract), arriving)
    v = 0
    for x, output, (after,) in zip(arriving, outputs, states, strict=True):
        v = max(-32768, min(32767, v + x + bias))
        assert output == ((max(v // threshold, 0)) if subtract else int(v >= threshold))
        v = v - output * threshold if subtract else v * (1 - output)
        assert after == v


@settings(deadline=None)
@given(BYTES, st.integers(0, 4095), st.integers(0, 4095), st.integers(0, 131071), st.integers(-524160, 524160))
def test_loihi_saturates_or_says_so(arriving, decay_u, decay_v, threshold, bias):
    """Python's unbounded numbers give the same, with the potential clipped; where more would be lost is an error."""
    neuron = LoihiCUBA(ints(decay_u), ints(decay_v), ints(threshold), ints(bias))
    u = v = 0
    exact = []
    for x in arriving:
        u = int(np.sign(u)) * (abs(u) * (4095 - decay_u) >> 12) + 64 * x
        if abs(x) > 32767 or abs(u) > 2**23 - 1:
            with pytest.raises(ValueError, match="would wrap around"):
                run(neuron, arriving)
            return
        v = int(np.sign(v)) * (abs(v) * (4096 - decay_v) >> 12) + u + bias
        v = max(-(2**23 - 1), min(2**23 - 1, v))
        v = 0 if v > threshold * 64 else v
        exact.append((u, v))
    assert run(neuron, arriving)[1] == exact


@settings(deadline=None)
@given(EXTREMES, st.integers(0, 2**15), st.integers(1, 2**14), st.integers(0, 8), st.integers(8, 32))
def test_fixed_point_saturates_at_its_bits(arriving, decay, threshold, fraction, bits):
    high = 2 ** (bits - 1) - 1
    neuron = FixedPointLIF(ints(decay), ints(threshold), ints(0), ints(0), ints(0), ints(0), fraction, bits)
    outputs, states = run(neuron, arriving)
    v = 0
    for x, output, (after,) in zip(arriving, outputs, states, strict=True):
        v = int(np.sign(v)) * (abs(v) * decay >> 15) + (x << fraction)
        v = max(-high - 1, min(high, v))
        assert output == int(v >= threshold)
        v = 0 if output else v
        assert after == v
