"""What every neuron model and every surrogate must do: one line each in a table, one test for each promise."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spikewright import neurons
from spikewright.neurons import (
    ALIF,
    CUBA,
    IF,
    LIF,
    ArcTan,
    Boxcar,
    ConductanceLIF,
    CurrentIF,
    EscapeSRM,
    FastSigmoid,
    Gaussian,
    HodgkinHuxley,
    Integrator,
    Izhikevich,
    NeuronModel,
    PromptCUBA,
    ReLU,
    Sigmoid,
    StraightThrough,
    Surrogate,
    Triangle,
    plan_scan,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "neurons"
STEPS, BATCH, NEURONS = 23, 4, 3
few = settings(max_examples=6, deadline=None, derandomize=True)


def per_neuron(*values: float) -> Tensor:
    """Make a parameter with one value a neuron."""
    return torch.tensor(values, dtype=torch.float64)


@dataclass(frozen=True)
class Case:
    """A model with the parameters of its golden trace, a step, and mean and spread of a drive that makes it fire."""

    model: NeuronModel
    dt: float
    mean: float
    spread: float

    def drive(self, seed: int, *shape: int) -> Tensor:
        """Return Gaussian charges as a connection would give them, before :meth:`NeuronModel.receive`."""
        source = torch.Generator().manual_seed(seed)
        return self.mean + self.spread * torch.randn(*shape, generator=source, dtype=torch.float64)

    def run(self, charges: Tensor, state: tuple[Tensor, ...] | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the model on charges, as a layer does."""
        return self.model.scan(self.model.receive(charges, None), state, dt=self.dt)


MODELS = {
    "ALIF": Case(
        ALIF(tau_mem=0.018, tau_adapt=per_neuron(0.03, 0.06, 0.1), v_threshold=0.8, scale=2.5), 2e-3, 0.3, 0.4
    ),
    "CUBA": Case(
        CUBA(tau_mem=0.02, tau_syn=per_neuron(0.005, 0.02, 0.04), v_threshold=0.9, v_leak=-0.1), 1.5e-3, 0.5, 0.6
    ),
    "ConductanceLIF": Case(
        ConductanceLIF(
            tau_mem=0.08, v_leak=-66.0, v_reset=-64.0, v_threshold=-53.0, e_exc=2.0, e_inh=per_neuron(-95, -90, -80),
            tau_ge=2e-3, tau_gi=3e-3, tau_ref=2.1e-3, theta=per_neuron(18, 19, 20), theta_plus=0.4, tau_theta=0.5,
            offset=19.0,
        ),
        7e-4, 4.0, 8.0,
    ),
    "CurrentIF": Case(
        CurrentIF(tau_syn=per_neuron(0.004, 0.008, 0.02), v_threshold=1.2, v_reset=-0.2, once=False), 1e-3, 0.3, 0.4
    ),
    "EscapeSRM": Case(
        EscapeSRM(
            tau_mem=0.015, tau_syn=per_neuron(0.004, 0.015, 0.03), v_threshold=0.9, rate=90.0, softness=0.2, eta=1.5,
            tau_eta=0.006, seed=12345,
        ),
        2e-3, 0.3, 0.4,
    ),
    "HodgkinHuxley": Case(
        HodgkinHuxley(
            g_na=118.0, g_k=per_neuron(34, 36, 40), g_leak=0.32, e_na=52.0, e_k=-76.0, e_leak=-54.0, capacitance=1.1,
            v_threshold=-5.0, v_start=-63.0, dt_max=5e-5,
        ),
        2e-4, 60.0, 20.0,
    ),
    "IF": Case(IF(v_threshold=0.9, v_start=per_neuron(0, 0.2, 0.45)), 1e-3, 0.2, 0.4),
    "Integrator": Case(Integrator(tau_mem=per_neuron(0.01, 0.02, 0.05)), 2e-3, 0.1, 0.5),
    "Izhikevich": Case(
        Izhikevich(
            a=per_neuron(0.02, 0.1, 0.02), b=per_neuron(0.2, 0.2, 0.25), c=per_neuron(-65, -65, -55),
            d=per_neuron(8, 2, 0.05), v_threshold=28.0, v_start=-62.0,
        ),
        8e-4, 25.0, 8.0,
    ),
    "LIF": Case(LIF(tau_mem=per_neuron(0.01, 0.02, 0.03), v_threshold=0.9, v_leak=-0.1, v_reset=-0.3), 2e-3, 0.3, 0.4),
    "PromptCUBA": Case(
        PromptCUBA(
            tau_mem=0.02, tau_syn=per_neuron(0.005, 0.02, 0.04), gain=0.4, v_threshold=0.9, v_leak=-0.1, v_reset=-0.2
        ), 1.5e-3, 0.2, 0.4
    ),
    "ReLU": Case(ReLU(), 1e-3, 0.0, 1.0),
}  # fmt: skip

# Each surrogate with the points where its derivative has a kink or a jump.
SURROGATES = {
    "ArcTan": (ArcTan(slope=3.0), ()),
    "Boxcar": (Boxcar(width=0.7), (-0.35, 0.35)),
    "FastSigmoid": (FastSigmoid(slope=4.0), (0.0,)),
    "Gaussian": (Gaussian(width=0.3), ()),
    "Sigmoid": (Sigmoid(slope=5.0), ()),
    "StraightThrough": (StraightThrough(), ()),
    "Triangle": (Triangle(width=0.6, height=0.4), (-0.6, 0.0, 0.6)),
}

every_model = pytest.mark.parametrize("name", MODELS)
every_surrogate = pytest.mark.parametrize("name", SURROGATES)


def public(kind: type) -> set[str]:
    """Return the names of the concrete public classes of a kind."""
    found = {name: getattr(neurons, name) for name in neurons.__all__}
    return {
        name for name, c in found.items() if isinstance(c, type) and issubclass(c, kind) and not inspect.isabstract(c)
    }


def equal(first: tuple[Tensor, ...], second: tuple[Tensor, ...]) -> bool:
    """Say whether two states hold the same bits."""
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_tables_cover_every_public_model_and_surrogate():
    """A new model or surrogate without a line here fails the suite."""
    assert set(MODELS) == public(NeuronModel)
    assert set(SURROGATES) == public(Surrogate)
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(MODELS)
    assert all(type(case.model).__name__ == name for name, case in MODELS.items())
    assert all(type(surrogate).__name__ == name for name, (surrogate, _) in SURROGATES.items())


def step_by_step(model: NeuronModel, x: Tensor, state: tuple[Tensor, ...], *, dt: float):
    """Run a sequence as the step's docstring says."""
    outputs = []
    for charge in x:
        output, state = model.step(charge, state, dt=dt)
        outputs.append(output)
    return torch.stack(outputs), state


def compared(run, model: NeuronModel, x: Tensor, start: tuple[Tensor, ...], dt: float):
    """Return output, last state, and the gradients of input and start of a weighted sum of all that comes out."""
    x = x.clone().requires_grad_()
    start = type(start)(*(entry.clone().requires_grad_(entry.is_floating_point()) for entry in start))
    output, state = run(model, x, start, dt=dt)
    generator = torch.Generator().manual_seed(5)
    found = [output, *(entry for entry in state if entry.is_floating_point())]
    weights = [torch.randn(entry.shape, generator=generator, dtype=entry.dtype) for entry in found]
    sum((entry * weight).sum() for entry, weight in zip(found, weights, strict=True)).backward()
    leaves = [x, *(entry for entry in start if entry.is_floating_point())]
    grads = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
    return output.detach(), [entry.detach() for entry in state], grads


@every_model
def test_every_model_scans_as_it_steps(name):
    """Compiled, from a state that is carried over: the same spikes; states and gradients up to rounding.

    Rounding differs only where an exponential or a power is computed, which torch does in another way.
    """
    case = MODELS[name]
    x = case.model.receive(case.drive(1, 60, 4, 3), None)
    _, start = step_by_step(case.model, x[:5], case.model.start(x[0]), dt=case.dt)
    assert not isinstance(plan_scan(case.model, x, start, dt=case.dt), str)
    output, state, grads = compared(type(case.model).scan, case.model, x, start, case.dt)
    expected, last, expected_grads = compared(step_by_step, case.model, x, start, case.dt)
    torch.testing.assert_close(output, expected, rtol=0, atol=0)
    assert output.count_nonzero() > 0
    for ours, reference in zip(state, last, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-10, atol=1e-12)
    for ours, reference in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-8, atol=1e-10 * (1 + reference.abs().max().item()))


@pytest.mark.filterwarnings("ignore:.*autograd.* should not be instantiated:DeprecationWarning")  # torch's own
@every_model
def test_step_is_one_graph_for_torch(name):
    """``torch.compile``, for devices that have no kernels of ours, finds no break in it, and the same bits come out."""
    case = MODELS[name]
    x = case.model.receive(case.drive(11, 5, BATCH, 3), None)
    compiled = torch.compile(case.model.step, fullgraph=True, backend="aot_eager")
    state = case.model.start(x[0])
    for charge in x:
        output, after = case.model.step(charge, state, dt=case.dt)
        other, other_after = compiled(charge, state, dt=case.dt)
        assert torch.equal(output, other)
        assert equal(after, other_after)
        state = after
    torch._dynamo.reset()


@every_surrogate
def test_every_surrogate_is_compiled(name):
    """Its derivative is what the compiled backward pass takes."""
    surrogate, _ = SURROGATES[name]
    model = LIF(tau_mem=0.01, surrogate=surrogate)
    x = torch.randn(12, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(6)).mul(0.6).add(0.3)
    *_, grads = compared(LIF.scan, model, x, model.start(x[0]), 1e-3)
    *_, expected = compared(step_by_step, model, x, model.start(x[0]), 1e-3)
    for ours, reference in zip(grads, expected, strict=True):
        torch.testing.assert_close(ours, reference)


@every_model
def test_golden(name):
    """Output and state follow the trace of an independent program.

    To rounding, which the upstrokes of Izhikevich's model, square in ``v``, multiply by up to 1e7; the others agree to
    1e-12.
    """
    case, golden = MODELS[name], json.loads((GOLDEN / f"{name}.json").read_text())
    tolerance = 1e-7 if name == "Izhikevich" else 1e-12
    trace = {key: torch.tensor(values, dtype=torch.float64) for key, values in golden["trace"].items()}
    assert golden["origin"]
    assert golden["dt"] == case.dt
    for key, value in golden["parameters"].items():
        used = getattr(case.model, key)
        assert (used.tolist() if isinstance(used, Tensor) else used) == value
    x = case.model.receive(torch.tensor(golden["x"], dtype=torch.float64), None)
    state = case.model.start(x[0])
    for t, charge in enumerate(x):
        output, state = case.model.step(charge, state, dt=case.dt)
        torch.testing.assert_close(output, trace["output"][t], rtol=tolerance, atol=tolerance)
        for key in trace.keys() - {"output"}:
            torch.testing.assert_close(getattr(state, key), trace[key][t], rtol=tolerance, atol=tolerance)
    if case.model.spiking:
        assert trace["output"].sum((0, 1)).min() > 0, "every neuron of a golden trace fires"


@every_model
def test_model_is_a_frozen_dataclass_with_a_named_state(name):
    """Parameters cannot change, and the state names its tensors."""
    case = MODELS[name]
    assert is_dataclass(case.model)
    assert type(case.model).__dataclass_params__.frozen
    output, state = case.run(case.drive(0, STEPS, BATCH, NEURONS))
    assert type(state)._fields is not None
    assert all(entry.shape == output.shape[1:] == (BATCH, NEURONS) for entry in state)


@every_model
def test_spikes_are_zero_or_one(name):
    """And the drive of this suite makes some, so that the other tests mean something."""
    case = MODELS[name]
    output, _ = case.run(case.drive(0, STEPS, BATCH, NEURONS))
    if case.model.spiking:
        assert set(output.unique().tolist()) == {0.0, 1.0}
    else:
        assert len(output.unique()) > 2


@every_model
@few
@given(seed=st.integers(0, 2**16), when=st.integers(0, STEPS - 1))
def test_causality(name, seed, when):
    """What arrives in a step changes nothing before it."""
    case = MODELS[name]
    charges = case.drive(seed, STEPS, BATCH, NEURONS)
    other = charges.clone()
    other[when:] = case.drive(seed + 1, STEPS - when, BATCH, NEURONS)
    assert torch.equal(case.run(charges)[0][:when], case.run(other)[0][:when])


@every_model
@few
@given(seed=st.integers(0, 2**16), cut=st.integers(0, STEPS))
def test_two_chunks_are_one_run(name, seed, cut):
    """A run can stop anywhere, even before the first step, and go on from its state."""
    case = MODELS[name]
    charges = case.drive(seed, STEPS, BATCH, NEURONS)
    whole, end = case.run(charges)
    first, middle = case.run(charges[:cut])
    second, last = case.run(charges[cut:], middle)
    assert torch.equal(whole, torch.cat((first, second)))
    assert equal(end, last)


@every_model
@few
@given(seed=st.integers(0, 2**16), order=st.permutations(range(BATCH)))
def test_batch_order_is_irrelevant(name, seed, order):
    """Samples in another order, or one alone, give the same."""
    case = MODELS[name]
    charges = case.drive(seed, STEPS, BATCH, NEURONS)
    output, state = case.run(charges)
    shuffled, end = case.run(charges[:, order])
    assert torch.equal(output[:, order], shuffled)
    assert equal(tuple(entry[order] for entry in state), end)
    assert torch.equal(case.run(charges[:, order[:1]])[0], output[:, order[:1]])


@every_model
def test_image_shaped_units(name):
    """Units in rows and columns are the same units: a layer's shape is a way to number it."""
    case = MODELS[name]
    tensors = {f.name: getattr(case.model, f.name) for f in fields(case.model)}
    shaped = {key: value.repeat(2).reshape(2, 1, 3) for key, value in tensors.items() if isinstance(value, Tensor)}
    flat = {key: value.flatten() for key, value in shaped.items()}
    charges = case.drive(3, STEPS, BATCH, 6)
    expected, _ = replace(case, model=replace(case.model, **flat)).run(charges)
    image, state = replace(case, model=replace(case.model, **shaped)).run(charges.reshape(STEPS, BATCH, 2, 1, 3))
    assert torch.equal(image.flatten(2), expected)
    assert all(entry.shape == (BATCH, 2, 1, 3) for entry in state)


@every_model
def test_same_run_twice(name):
    """Nothing is remembered and nothing drawn: the same input gives the same bits."""
    case = MODELS[name]
    charges = case.drive(5, STEPS, BATCH, NEURONS)
    first, second = case.run(charges), case.run(charges)
    assert torch.equal(first[0], second[0])
    assert equal(first[1], second[1])


@every_model
def test_step_is_pure(name):
    """A step writes neither to its input nor to the state that it was given."""
    case = MODELS[name]
    _, state = case.run(case.drive(6, STEPS, BATCH, NEURONS))
    x = case.model.receive(case.drive(7, BATCH, NEURONS), None)
    kept, before = x.clone(), type(state)(*(entry.clone() for entry in state))
    case.model.step(x, state, dt=case.dt)
    assert torch.equal(x, kept)
    assert equal(state, before)


@every_model
def test_no_steps_give_no_spikes_and_the_start(name):
    """An empty sequence has an output of no steps and leaves the state at the start."""
    case = MODELS[name]
    charges = case.drive(0, 0, BATCH, NEURONS)
    output, state = case.run(charges)
    assert output.shape == charges.shape
    assert output.dtype == charges.dtype
    assert equal(state, case.model.start(case.model.receive(charges.new_zeros(BATCH, NEURONS), None)))


@every_model
def test_float32_stays_float32(name):
    """The dtype of the input is that of output and state, whatever the size of the numbers inside."""
    case = MODELS[name]
    tensors = {f.name: getattr(case.model, f.name) for f in fields(case.model)}
    model = replace(case.model, **{key: value.float() for key, value in tensors.items() if isinstance(value, Tensor)})
    output, state = replace(case, model=model).run(case.drive(0, STEPS, BATCH, NEURONS).float())
    assert {output.dtype, *(entry.dtype for entry in state)} <= {torch.float32, torch.int64}
    assert output.dtype == torch.float32


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"ReLU"}))
def test_state_of_another_batch_is_refused(name):
    """A state carried over to a batch of another size is an error that names both shapes."""
    case = MODELS[name]
    _, state = case.run(case.drive(0, STEPS, BATCH, NEURONS))
    message = rf"{name}\.(step|scan): shapes must be equal, .* got x \(1, 3\), v \(4, 3\)\. Start a new sequence with"
    with pytest.raises(ValueError, match=message):
        case.run(case.drive(0, STEPS, 1, NEURONS), state)


class Tangent(Surrogate):
    """Fires as a surrogate does where it was first asked, and moves from there as its gradient claims.

    So the central differences of a step with it are what the gradient of the step with the surrogate must be.
    """

    def __init__(self, surrogate: Surrogate) -> None:
        self.surrogate = surrogate
        self.anchor: Tensor | None = None

    def primitive(self, u: Tensor) -> Tensor:
        """Return the smooth part."""
        return self.surrogate.primitive(u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return that of the surrogate."""
        return self.surrogate.derivative(u)

    def __call__(self, u: Tensor) -> Tensor:
        """Return a spike or none as at the anchor, plus the change of the primitive since."""
        self.anchor = u.detach().clone() if self.anchor is None else self.anchor
        return (self.anchor >= 0).to(u.dtype) + self.primitive(u) - self.primitive(self.anchor)


@every_model
def test_gradient_of_a_step_is_that_of_its_smooth_path(name):
    """Autograd through a step agrees with central differences, for input, state and tensor parameters, in float64.

    A step of 1e-6 of each value leaves differences about 1e-8 off by rounding and less by curvature; 1e-5 of the
    largest derivative allows for both.
    """
    case = MODELS[name]
    model = case.model
    charges = case.drive(11, STEPS, BATCH, NEURONS)
    fired = case.run(charges)[0].sum((1, 2)) if model.spiking else torch.ones(STEPS)
    when = 1 + int(fired[1:].argmax())  # a step in which some neurons fire and others do not
    state = case.run(charges[:when])[1]
    held = {f.name: getattr(model, f.name) for f in fields(model) if isinstance(getattr(model, f.name), Tensor)}
    inputs = {
        "x": model.receive(charges[when], None),
        **{f"state.{key}": entry for key, entry in state._asdict().items() if entry.is_floating_point()},
        **held,
    }
    assert fired[when] > 0
    inputs = {key: value.clone().requires_grad_() for key, value in inputs.items()}

    def loss(model: NeuronModel) -> Tensor:
        now = replace(model, **{key: inputs[key] for key in held})
        changed = {key: inputs[f"state.{key}"] for key in state._fields if f"state.{key}" in inputs}
        output, after = now.step(inputs["x"], state._replace(**changed), dt=case.dt)
        parts = [part for part in (output, *after) if part.is_floating_point()]
        weights = torch.Generator().manual_seed(1)
        return sum((part * torch.rand(part.shape, generator=weights, dtype=part.dtype)).sum() for part in parts)

    found = torch.autograd.grad(loss(model), list(inputs.values()), materialize_grads=True)
    gradients = dict(zip(inputs, found, strict=True))
    smooth = replace(model, surrogate=Tangent(model.surrogate)) if hasattr(model, "surrogate") else model
    with torch.no_grad():
        loss(smooth)  # sets the anchor
        for key, value in inputs.items():
            expected = central_differences(lambda: float(loss(smooth)), value)
            close = {"rtol": 0, "atol": 1e-5 * float(expected.abs().max())}
            torch.testing.assert_close(gradients[key], expected, **close, msg=lambda text, key=key: f"{key}: {text}")
    assert gradients["x"].abs().max() > 0


def central_differences(function, value: Tensor) -> Tensor:
    """Differentiate a function of nothing by each element of a tensor that it reads."""
    flat, result = value.view(-1), torch.zeros(value.numel(), dtype=value.dtype)
    for index in range(len(flat)):
        here = float(flat[index])
        width = 1e-6 * max(abs(here), 1e-2)
        ends = []
        for sign in (1, -1):
            flat[index] = here + sign * width
            ends.append(function())
        flat[index] = here
        result[index] = (ends[0] - ends[1]) / (2 * width)
    return result.reshape(value.shape)


@every_surrogate
@given(u=st.floats(-3, 3))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_surrogate_derivative_is_that_of_its_primitive(name, u):
    """Central differences of the primitive; 1e-8 is their error at a width of 1e-5 for these slopes."""
    surrogate, kinks = SURROGATES[name]
    width = 1e-5
    if any(abs(u - kink) <= width for kink in kinks):
        return
    here = torch.tensor(u, dtype=torch.float64)
    expected = (surrogate.primitive(here + width) - surrogate.primitive(here - width)) / (2 * width)
    assert surrogate.derivative(here).item() == pytest.approx(expected.item(), abs=1e-8)


@every_surrogate
def test_surrogate_is_a_step_forward_and_its_derivative_backward(name):
    """1 from the threshold on, 0 below; the gradient of the caller is multiplied by the derivative, >= 0."""
    surrogate, _ = SURROGATES[name]
    u = torch.tensor([-2.0, -0.31, -1e-12, 0.0, 1e-12, 0.17, 2.5], dtype=torch.float64, requires_grad=True)
    weights = torch.tensor([1.0, -2.0, 3.0, 0.5, 1.5, -1.0, 2.0], dtype=torch.float64)
    spikes = surrogate(u)
    assert spikes.tolist() == [0, 0, 0, 1, 1, 1, 1]
    (gradient,) = torch.autograd.grad((spikes * weights).sum(), u)
    assert torch.equal(gradient, weights * surrogate.derivative(u))
    assert (surrogate.derivative(u) >= 0).all()


@every_surrogate
def test_surrogate_primitive_rises_and_is_symmetric(name):
    """The primitive never falls, and a distance above the threshold counts as much as one below, to rounding."""
    surrogate, _ = SURROGATES[name]
    u = torch.linspace(-3, 3, 1201, dtype=torch.float64)
    assert (surrogate.primitive(u).diff() >= 0).all()
    torch.testing.assert_close(surrogate.derivative(u), surrogate.derivative(-u), rtol=1e-12, atol=1e-14)
