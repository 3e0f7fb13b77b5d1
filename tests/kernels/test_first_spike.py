"""First-spike times and their gradient: by hand, and compiled against the reference."""

import numpy as np
import pytest

from spikewright.kernels import (
    first_spike_backward,
    first_spike_backward_reference,
    first_spike_forward,
    first_spike_forward_reference,
)

FORWARD = pytest.mark.parametrize("forward", [first_spike_forward, first_spike_forward_reference])
BACKWARD = pytest.mark.parametrize("backward", [first_spike_backward, first_spike_backward_reference])
LATE = 20.0


def spaced(array):
    """The same values in memory that is not contiguous."""
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def fire(forward, z, weight, z_end=LATE):
    """Sort and run."""
    return forward(z, np.argsort(z, axis=1), weight, z_end)


@FORWARD
def test_first_spike_by_hand(forward):
    """One input gives 1.5 / 0.5 = 3, after the second input at 2; with it (1.5 + 2) / (2.5 - 1) = 7 / 3."""
    z_out, slope = fire(forward, np.array([[1.0, 2.0]]), np.array([[1.5], [1.0]]))
    np.testing.assert_allclose(z_out, [[7 / 3]], rtol=1e-15)
    np.testing.assert_allclose(slope, [[2 / 3]], rtol=1e-15)


@FORWARD
def test_order_of_the_inputs_is_that_of_their_times(forward):
    """The same two inputs the other way round, and a third that comes too late to matter."""
    z_out, _ = fire(forward, np.array([[2.0, 5.0, 1.0]]), np.array([[1.0], [-9.0], [1.5]]))
    np.testing.assert_allclose(z_out, [[7 / 3]], rtol=1e-15)


@FORWARD
@pytest.mark.parametrize(
    ("z", "weight"),
    [
        ([1.0, 2.0], [0.5, 0.5]),  # the weights add up to 1: the threshold is met at infinity only
        ([1.0, 2.0], [1.5, -1.0]),  # would fire at 3, but is inhibited at 2
        ([1.0, 19.0], [0.5, 1.0]),  # would fire at 39, after the end
        ([np.inf, 2.0], [9.0, 0.9]),  # the strong input is silent
        ([LATE, np.inf], [9.0, 9.0]),  # an input at the end comes too late
    ],
)
def test_silence(forward, z, weight):
    z_out, slope = fire(forward, np.array([z]), np.array(weight)[:, None])
    assert z_out[0, 0] == np.inf
    assert slope[0, 0] == 0


@FORWARD
def test_simultaneous_inputs_count_together(forward):
    """2 - 1.5 + 1 = 1.5 at z = 1 fires at 3; the first alone, were it alone, at 2."""
    z_out, _ = fire(forward, np.array([[1.0, 1.0, 1.0]]), np.array([[2.0], [-1.5], [1.0]]))
    np.testing.assert_allclose(z_out, [[3.0]], rtol=1e-15)


@FORWARD
def test_potential_is_at_the_threshold_when_a_neuron_fires(forward):
    """v(z) = sum of w (1 - z_i / z) over the inputs before z is 1 at the spike, and below 1 at all earlier inputs."""
    rng = np.random.default_rng(0)
    z = rng.uniform(1, 6, (50, 12))
    weight = rng.normal(0.2, 0.5, (12, 7))
    z_out, _ = fire(forward, z, weight)

    def potential(at):
        """Shape (batch, out), for times of that shape."""
        return (np.maximum(0, 1 - z[:, :, None] / at[:, None]) * weight).sum(1)

    fired = np.isfinite(z_out)
    assert 0.3 < fired.mean() < 0.9
    np.testing.assert_allclose(potential(np.where(fired, z_out, 1.0))[fired], 1, rtol=1e-12)
    for i in range(12):
        before = z[:, i, None] < z_out
        assert (potential(np.broadcast_to(z[:, i, None], z_out.shape))[before] < 1).all()


@BACKWARD
def test_gradient_by_hand(backward):
    """Of the first test: slope 2/3, so dz = 1.5 and 1 times 2/3, dw = 1 - 7/3 and 2 - 7/3 times 2/3, all times 3."""
    z_grad, weight_grad = backward(
        np.array([[1.0, 2.0]]), np.array([[1.5], [1.0]]), np.array([[7 / 3]]), np.array([[3 * 2 / 3]])
    )
    np.testing.assert_allclose(z_grad, [[3.0, 2.0]], rtol=1e-15)
    np.testing.assert_allclose(weight_grad, [[-8 / 3], [-2 / 3]], rtol=1e-14)


@BACKWARD
def test_only_causal_inputs_have_a_gradient(backward):
    """Not an input at or after the spike, nor a silent one; and nothing flows through a silent neuron."""
    z = np.array([[1.0, 3.0, 4.0, np.inf]])
    z_grad, weight_grad = backward(z, np.ones((4, 2)), np.array([[3.0, np.inf]]), np.array([[1.0, 0.0]]))
    np.testing.assert_array_equal(z_grad, [[1.0, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(weight_grad, [[-2.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lay", [np.ascontiguousarray, spaced])
@pytest.mark.parametrize(("batch", "inputs", "neurons"), [(0, 3, 2), (2, 0, 3), (2, 3, 0), (1, 1, 1), (5, 33, 7)])
def test_compiled_agrees_with_reference(dtype, lay, batch, inputs, neurons):
    """The same additions in the same order give the same bits; some inputs are silent, simultaneous or too late."""
    rng = np.random.default_rng(1)
    z = rng.uniform(1, 6, (batch, inputs))
    z[rng.random(z.shape) < 0.2] = np.inf
    z[rng.random(z.shape) < 0.2] = 2.0
    z[rng.random(z.shape) < 0.1] = 1e30
    weight = rng.normal(0.1, 0.4, (inputs, neurons))
    weight[rng.random(weight.shape) < 0.1] *= 1e3
    z, weight = lay(z.astype(dtype)), lay(weight.astype(dtype))
    z_out, slope = fire(first_spike_forward, z, weight)
    plain_out, plain_slope = fire(first_spike_forward_reference, z, weight)
    np.testing.assert_array_equal(z_out, plain_out)
    np.testing.assert_array_equal(slope, plain_slope)
    pull = lay((slope * rng.normal(size=slope.shape)).astype(dtype))
    gradients = first_spike_backward(z, weight, z_out, pull)
    for ours, theirs in zip(gradients, first_spike_backward_reference(z, weight, z_out, pull), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, theirs)
    if z_out.size > 10:
        assert 0.3 < np.isfinite(z_out).mean() < 1
