"""Spyx: the loop over the steps compiled by XLA.

Its neurons fire a step late; these are its neurons with the order of operations of all others, by the same operations.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import spyx.axn
import spyx.nn
from flax import nnx
from numpy.typing import NDArray

from benchmarks._case import Job

DISTRIBUTIONS = ("spyx", "jax", "flax")
Arrays = dict[str, NDArray[Any]]


def at_threshold(x: jax.Array) -> jax.Array:
    """Fire at the threshold itself, as all others do."""
    return jnp.where(x >= 0, 1, 0).astype(x.dtype)


def arctan(x: jax.Array) -> jax.Array:
    """Return the derivative of the arctangent of slope 2."""
    return 1 / (1 + jnp.square(jnp.pi * x))


class LIF(spyx.nn.LIF):
    """Decay, add, fire, subtract."""

    def __call__(self, x: jax.Array, V: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Advance by a step."""
        V = jnp.clip(self.beta[...], 0, 1) * V + x
        spikes = self.spike(V - self.threshold)
        return spikes, V - spikes * self.threshold


class RLIF(spyx.nn.RLIF):
    """Decay, add input and feedback, fire, subtract; the state also holds the spikes, which come back a step later."""

    def __call__(self, x: jax.Array, state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, Any]:
        """Advance by a step."""
        V, fired = state
        V = jnp.clip(self.beta[...], 0, 1) * V + x + fired @ self.recurrent_w[...]
        spikes = self.spike(V - self.threshold)
        return spikes, (V - spikes * self.threshold, spikes)

    def initial_state(self, batch_size: int) -> tuple[jax.Array, jax.Array]:
        """Return neurons at rest that did not fire."""
        zeros = jnp.zeros((batch_size, *self.hidden_shape))
        return zeros, zeros


class MaxPool(nnx.Module):
    """The maximum of each 2 x 2 square of (batch, height, width, channel)."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """Halve height and width."""
        return nnx.max_pool(x, (2, 2), strides=(2, 2))


def neuron(kind: type, shape: tuple[int, ...], decay: float) -> Any:
    """Return neurons of a shape; their decay is not learned."""
    activation = spyx.axn.custom(arctan, at_threshold)
    model = kind(shape, beta=decay, activation=activation, rngs=nnx.Rngs(0))
    model.beta = nnx.Variable(model.beta[...])
    return model


def scan(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Compile forward and backward into one function."""
    x, gradient = jnp.asarray(inputs["x"]), jnp.asarray(inputs["gradient"])
    model = neuron(LIF, x.shape[2:], parameters["decay"])

    def run(x: jax.Array) -> jax.Array:
        return spyx.nn.run(model, x)[0]

    @jax.jit
    def both(x: jax.Array, gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
        spikes, backward = jax.vjp(run, x)
        return spikes, backward(gradient)[0]

    return Job(
        lambda: jax.block_until_ready(both(x, gradient)),
        lambda: np.asarray(jax.jit(run)(x)) > 0,
    )


def linear(weight: NDArray[np.float32], dtype: Any) -> nnx.Linear:
    """Return a layer with these weights, (out, in), and no bias."""
    layer = nnx.Linear(*weight.shape[::-1], use_bias=False, dtype=dtype, rngs=nnx.Rngs(0))
    layer.kernel[...] = jnp.asarray(weight.T)
    return layer


def conv(weight: NDArray[np.float32], dtype: Any) -> nnx.Conv:
    """Return a convolution with these weights, as torch lays them out, and no bias; channels last."""
    layer = nnx.Conv(weight.shape[1], weight.shape[0], weight.shape[2:], use_bias=False, dtype=dtype, rngs=nnx.Rngs(0))
    layer.kernel[...] = jnp.asarray(weight.transpose(2, 3, 1, 0))
    return layer


def train_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train fully connected layers."""
    dtype, layers = precision(parameters), []
    for weight in matrices(inputs):
        layers += [linear(weight, dtype), neuron(LIF, weight.shape[:1], parameters["decay"])]
    return trained(layers, inputs["raster"], inputs["labels"])


def train_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train convolutions, then fully connected layers; images are channels last, as flax lays them out."""
    dtype, decay = precision(parameters), parameters["decay"]
    first, second, third, fourth = matrices(inputs)
    # The rows of the third layer's weights are in torch's order: channel, height, width.
    reordered = third.reshape(-1, 64, 7, 7).transpose(0, 2, 3, 1).reshape(third.shape)
    layers = [
        conv(first, dtype),
        neuron(LIF, (28, 28, 32), decay),
        MaxPool(),
        conv(second, dtype),
        neuron(LIF, (14, 14, 64), decay),
        MaxPool(),
        spyx.nn.Flatten(),
        linear(reordered, dtype),
        neuron(LIF, (128,), decay),
        linear(fourth, dtype),
        neuron(LIF, (10,), decay),
    ]
    return trained(layers, np.moveaxis(inputs["raster"], 2, -1), inputs["labels"])


def train_rec(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Train recurrent neurons and a layer that reads them out."""
    dtype, decay = precision(parameters), parameters["decay"]
    first, second = matrices(inputs)
    hidden = neuron(RLIF, (256,), decay)
    hidden.recurrent_w[...] = jnp.asarray(inputs["recurrent"].T)
    layers = [linear(first, dtype), hidden, linear(second, dtype), neuron(LIF, (20,), decay)]
    return trained(layers, inputs["raster"], inputs["labels"])


def trained(layers: list[nnx.Module], raster: NDArray[np.float32], labels: NDArray[np.integer]) -> Job:
    """Return the work of training: one compiled function for forward, backward and a step of Adam."""
    net = nnx.List(layers)
    x, y = jnp.asarray(raster), jnp.asarray(labels)

    def loss(net: nnx.List, x: jax.Array, y: jax.Array) -> jax.Array:
        counts = propagated(net, x)[-1].astype(jnp.float32).sum(0)
        return optax.softmax_cross_entropy_with_integer_labels(counts, y).mean()

    # Its moments come with the first step, as those of torch do, so that they count for both where memory is measured.
    @cache
    def optimizer() -> nnx.Optimizer:
        return nnx.Optimizer(net, optax.adam(1e-4), wrt=nnx.Param)

    @nnx.jit
    def step(net: nnx.List, optimizer: nnx.Optimizer, x: jax.Array, y: jax.Array) -> jax.Array:
        value, gradients = nnx.value_and_grad(loss)(net, x, y)
        optimizer.update(net, gradients)
        return value

    def run() -> None:
        jax.block_until_ready((step(net, optimizer(), x, y), nnx.state(net, nnx.Param)))

    def spikes() -> NDArray[np.bool_]:
        fired = nnx.jit(propagated)(net, x)
        # Channels last becomes torch's order.
        return np.concatenate(
            [np.moveaxis(np.asarray(layer), -1, 2).reshape(*layer.shape[:2], -1) > 0 for layer in fired], axis=-1
        )

    return Job(run, spikes)


def propagated(layers: nnx.List, x: jax.Array) -> list[jax.Array]:
    """Return the spikes of all neurons: a layer over all steps at once, then a loop over the steps of its neurons.

    As fast as ``spyx.nn.run`` of all layers in one loop, and ten times faster where there are convolutions.
    """
    fired = []
    for layer in layers:
        if hasattr(layer, "initial_state"):
            x, _ = spyx.nn.run(layer, x)
            fired.append(x)
        else:
            flat = layer(x.reshape(-1, *x.shape[2:]))
            x = flat.reshape(*x.shape[:2], *flat.shape[1:])
    return fired


def matrices(inputs: Arrays) -> list[NDArray[np.float32]]:
    """Return the weights of the feed-forward layers in order."""
    return [inputs[name] for name in sorted(inputs) if name.startswith("weight")]


def precision(parameters: dict[str, Any]) -> Any:
    """Return the dtype of the products."""
    return jnp.dtype(parameters.get("precision", "float32"))
