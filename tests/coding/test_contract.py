"""What every encoder, transform and readout must do, each with an example that was worked out by hand."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from spikewright import coding
from spikewright.spikes import Events

DT = 1e-3


def arrays(*shape: int) -> Callable[[np.random.Generator, int], np.ndarray]:
    """Samples of one shape with values in [0, 1]."""
    return lambda rng, count: rng.random((count, *shape), dtype=np.float32)


def recordings(rng: np.random.Generator, count: int) -> list[Events]:
    """Recordings of a 2 x 3 sensor, 10 ms long, with unequal numbers of events."""
    return [
        Events(np.sort(rng.uniform(0, 0.01, size=30 + k)), rng.integers(0, 6, size=30 + k), (2, 3), 0.01)
        for k in range(count)
    ]


RECORDING = Events(
    times=np.array([0.0, 0.001, 0.0011, 0.002, 0.0025, 0.0029, 0.009]),
    addresses=np.array([0, 1, 1, 3, 3, 3, 2]),
    shape=(2, 2),
    duration=0.01,
)


@dataclass(frozen=True)
class EncoderCase:
    """An encoder, one batch in, the raster out as worked out by hand, and where to draw other batches from."""

    encoder: coding.Encoder
    samples: list | list[Events]
    raster: list
    draw: Callable[[np.random.Generator, int], coding.Samples]
    counts: bool = False


ENCODERS = {
    "direct": EncoderCase(
        coding.Direct(steps=2), samples=[[0.5, -1.0]], raster=[[[0.5, -1.0]], [[0.5, -1.0]]], draw=arrays(3, 4)
    ),
    # At 1000 Hz and 1 ms the probability is x itself, clipped to [0, 1], so 0 and 1 leave nothing to chance.
    "poisson": EncoderCase(
        coding.Poisson(steps=2, max_rate=1000.0),
        samples=[[1.0, 0.0, -1.0, 2.0]],
        raster=[[[1, 0, 0, 1]], [[1, 0, 0, 1]]],
        draw=arrays(3, 4),
    ),
    # Five steps: 1 at 0, 0.75 at 1, 0.5 at 2, 0.25 at 3; 0.125 is not above the minimum.
    "latency": EncoderCase(
        coding.Latency(steps=5, minimum=0.125),
        samples=[[1.0, 0.75, 0.5, 0.125, 0.25]],
        raster=[[[1, 0, 0, 0, 0]], [[0, 1, 0, 0, 0]], [[0, 0, 1, 0, 0]], [[0, 0, 0, 0, 1]], [[0, 0, 0, 0, 0]]],
        draw=arrays(3, 4),
    ),
    # tau is two steps: exp(-k / 2) fires at k; 10 is after the end, and the time of 0 is infinite.
    "latency, logarithmic": EncoderCase(
        coding.Latency(steps=3, tau=2e-3),
        samples=[[1.0, math.exp(-0.5), math.exp(-1.0), math.exp(-5.0), 0.0]],
        raster=[[[1, 0, 0, 0, 0]], [[0, 1, 0, 0, 0]], [[0, 0, 1, 0, 0]]],
        draw=arrays(3, 4),
    ),
    # Three levels at 0, 1.5 and 3 ms: steps 0, 2 (halves go to even) and 3; 0.75 is half way and counts as dark.
    "level latency": EncoderCase(
        coding.LevelLatency(steps=5, levels=3, latest=3e-3),
        samples=[[1.0, 0.76, 0.75, 0.26, 0.25, -1.0]],
        raster=[
            [[1, 1, 0, 0, 0, 0]],
            [[0, 0, 0, 0, 0, 0]],
            [[0, 0, 1, 1, 0, 0]],
            [[0, 0, 0, 0, 1, 1]],
            [[0, 0, 0, 0, 0, 0]],
        ],
        draw=arrays(3, 4),
    ),
    # Counts 1, 2, 1, 3, of which 2 is full scale; half of that is dark.
    "level latency, events": EncoderCase(
        coding.LevelLatency(steps=2, latest=1e-3, scale=2.0),
        samples=[RECORDING],
        raster=[[[[0, 1], [0, 1]]], [[[1, 0], [1, 0]]]],
        draw=recordings,
    ),
    # Four fire in four steps: ranks 0, 3, 1, 1.
    "rank order": EncoderCase(
        coding.RankOrder(steps=4),
        samples=[[0.9, 0.1, 0.5, 0.5, 0.0]],
        raster=[[[1, 0, 0, 0, 0]], [[0, 0, 1, 1, 0]], [[0, 0, 0, 0, 0]], [[0, 1, 0, 0, 0]]],
        draw=arrays(3, 4),
    ),
    # Levels 5 = 101, 3 = 011, 7 = 111, and 0.5 * 7 = 3.5, rounded to 4 = 100; the fourth step begins the next period.
    "phase": EncoderCase(
        coding.Phase(steps=4, bits=3),
        samples=[[5 / 7, 3 / 7, 1.0, 0.5]],
        raster=[[[1, 0, 1, 1]], [[0, 1, 1, 0]], [[1, 1, 1, 0]], [[1, 0, 1, 1]]],
        draw=arrays(3, 4),
    ),
    # 3 of 4 steps: due 0.5, 1.25, 2, 2.75, 3.5; half: 0.5, 1, 1.5, 2, 2.5; 0.1 is due 0.9 in the end, which is none.
    "regular": EncoderCase(
        coding.Regular(steps=4),
        samples=[[0.75, 0.5, 0.1, 1.0, 2.0, -1.0]],
        raster=[[[1, 1, 0, 1, 1, 0]], [[1, 0, 0, 1, 1, 0]], [[0, 1, 0, 1, 1, 0]], [[1, 0, 0, 1, 1, 0]]],
        draw=arrays(3, 4),
    ),
    # Centres -0.25, 0.25, 0.75, 1.25, width 1/3: activations 0.325, 1, 0.325, 0.011 at 0.25, so 2.7, 0, 2.7, none.
    "population": EncoderCase(
        coding.Population(steps=5, fields=4),
        samples=[[0.25]],
        raster=[[[[0, 1, 0, 0]]], [[[0, 0, 0, 0]]], [[[0, 0, 0, 0]]], [[[1, 0, 1, 0]]], [[[0, 0, 0, 0]]]],
        draw=arrays(3, 4),
    ),
    # First column: 1.0 takes two ON spikes of exactly 0.5, and 0.0 two OFF spikes. Second column: never 0.5 away.
    "delta": EncoderCase(
        coding.Delta(steps=4, threshold=0.5, hold=2),
        samples=[[[[1.0, 0.4], [0.0, -0.4]]]],
        raster=[[[1, 0, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 1, 0]], [[0, 0, 1, 0]]],
        draw=arrays(3, 2, 4),
    ),
    # Two channels of two rows of one column: first the row (1, 0.25), then the row (0, 1), two steps each.
    "sweep": EncoderCase(
        coding.Sweep(steps=4, encoder=coding.Latency(steps=2)),
        samples=[[[[1.0], [0.0]], [[0.25], [1.0]]]],
        raster=[[[1, 0]], [[0, 1]], [[0, 1]], [[0, 0]]],
        draw=arrays(3, 2, 4),
    ),
    "sweep, analog": EncoderCase(
        coding.Sweep(steps=2, encoder=coding.Direct(steps=1)),
        samples=[[[[1.0], [0.0]], [[0.25], [1.0]]]],
        raster=[[[1.0, 0.25]], [[0.0, 1.0]]],
        draw=arrays(3, 2, 4),
    ),
    "event frames": EncoderCase(
        coding.EventFrames(steps=3),
        samples=[RECORDING],
        raster=[[[[1, 0], [0, 0]]], [[[0, 1], [0, 0]]], [[[0, 0], [0, 1]]]],
        draw=recordings,
    ),
    "event frames, counts": EncoderCase(
        coding.EventFrames(steps=3, clip=False),
        samples=[RECORDING],
        raster=[[[[1, 0], [0, 0]]], [[[0, 2], [0, 0]]], [[[0, 0], [0, 3]]]],
        draw=recordings,
        counts=True,
    ),
    # A recording of 10 ms in two frames of 5 ms, whatever dt is.
    "recording frames": EncoderCase(
        coding.RecordingFrames(steps=2, clip=False),
        samples=[RECORDING],
        raster=[[[[1, 2], [0, 3]]], [[[0, 0], [1, 0]]]],
        draw=recordings,
        counts=True,
    ),
    # Counts 1, 2, 1, 3, of which 2 is full scale.
    "event image": EncoderCase(
        coding.EventImage(steps=2, scale=2.0),
        samples=[RECORDING],
        raster=[[[[0.5, 1.0], [0.5, 1.0]]], [[[0.5, 1.0], [0.5, 1.0]]]],
        draw=recordings,
    ),
}


@dataclass(frozen=True)
class TransformCase:
    """A transform, one batch in, and what comes out as worked out by hand."""

    transform: coding.Transform
    samples: list
    transformed: list


TRANSFORMS = {
    # Sums 1, 4, 0 and -1: only the first lies between 0 and 2.
    "brighten": TransformCase(
        coding.Brighten(2.0),
        samples=[[0.25, 0.75], [3.0, 1.0], [0.0, 0.0], [-1.0, 0.0]],
        transformed=[[0.5, 1.5], [3.0, 1.0], [0.0, 0.0], [-1.0, 0.0]],
    ),
    # Differences 0.75, 0.385907, 0.173179 at distances 0, 1 and sqrt 2, with mean 0.331816; less that, the positive
    # ones add up to 0.634548. The four corners hold all that is negative: -1/4 each. A bright pixel shows the kernel.
    "difference of Gaussians": TransformCase(
        coding.DifferenceOfGaussians(size=3),
        samples=[[[[0, 0, 0], [0, 1, 0], [0, 0, 0]]]],
        transformed=[
            [
                [[0, 0.085243, 0], [0.085243, 0.659028, 0.085243], [0, 0.085243, 0]],
                [[0.25, 0, 0.25], [0, 0, 0], [0.25, 0, 0.25]],
            ]
        ],
    ),
    "rescale, numbers": TransformCase(
        coding.Rescale(-1, 3.0), samples=[[-2.0, -1.0, 0.0, 4.0]], transformed=[[0.0, 0.0, 0.25, 1.0]]
    ),
    "rescale, features": TransformCase(
        coding.Rescale(torch.tensor([0.0, 2.0, 1.0]), torch.tensor([4.0, 4.0, 1.0])),
        samples=[[1.0, 3.0, 1.5], [5.0, 0.0, 1.0]],
        transformed=[[0.25, 0.5, 0.0], [1.0, 0.0, 0.0]],
    ),
    "standardise, numbers": TransformCase(coding.Standardise(1.0, 2), samples=[[3.0, 0.0]], transformed=[[1.0, -0.5]]),
    "standardise, features": TransformCase(
        coding.Standardise(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.0])),
        samples=[[3.0, 5.0], [0.0, 2.0]],
        transformed=[[1.0, 3.0], [-0.5, 0.0]],
    ),
}


@dataclass(frozen=True)
class ReadoutCase:
    """A readout, the last layer's output for one sample, (time, neuron), and the scores after each step."""

    readout: coding.Readout
    outputs: list
    scores: list


READOUTS = {
    "spike count": ReadoutCase(coding.SpikeCount(), outputs=[[0, 1], [1, 1], [0, 1]], scores=[[0, 1], [1, 2], [1, 3]]),
    # First spikes in step 1, step 0 and never.
    "first spike": ReadoutCase(
        coding.FirstSpike(),
        outputs=[[0, 1, 0], [1, 0, 0], [1, 1, 0]],
        scores=[[0, 1, 0], [1, 2, 0], [2, 3, 0]],
    ),
    "membrane": ReadoutCase(coding.Membrane(), outputs=[[-1.0, 2.0], [3.0, 1.0]], scores=[[-1.0, 2.0], [3.0, 1.0]]),
    "membrane maximum": ReadoutCase(
        coding.MembraneMaximum(),
        outputs=[[-1.0, 2.0], [-2.0, 3.0], [-0.5, 1.0]],
        scores=[[-1.0, 2.0], [-1.0, 3.0], [-0.5, 3.0]],
    ),
    "population vote": ReadoutCase(
        coding.PopulationVote(classes=2),
        outputs=[[1, 0, 0, 1, 1, 0], [1, 1, 1, 0, 0, 0]],
        scores=[[1, 2], [4, 2]],
    ),
    # Neurons 0, 2 and 3 stand for class 0, neuron 1 for class 2, none for class 1, and neuron 4 for nothing.
    "class vote": ReadoutCase(
        coding.ClassVote(labels=torch.tensor([0, 2, 0, 0, -1]), classes=3),
        outputs=[[1, 1, 1, 1, 1], [1, 1, 0, 1, 1]],
        scores=[[1, 0, 1], [5 / 3, 0, 2]],
    ),
    "linear": ReadoutCase(
        coding.LinearReadout(weight=torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 4.0]]), bias=torch.tensor([10.0, -1.0])),
        outputs=[[0, 1, 0], [1, 0, 1]],
        scores=[[12.0, -1.0], [12.0, 3.5]],
    ),
    # Two steps a window: in the first, spikes of neurons 1, then 0 and 1; in the second, of neuron 0.
    "windowed": ReadoutCase(
        coding.WindowedReadout(
            weight=torch.tensor([[[1.0, 2.0], [8.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]), bias=torch.tensor([10.0]), width=2
        ),
        outputs=[[0, 1], [1, 1], [1, 0]],
        scores=[[12.0], [15.0], [23.0]],
    ),
}

# The samples of a Poisson code share one stream of random numbers.
DETERMINISTIC = {name: case for name, case in ENCODERS.items() if name != "poisson"}

encoders = pytest.mark.parametrize("case", ENCODERS.values(), ids=ENCODERS.keys())
transforms = pytest.mark.parametrize("case", TRANSFORMS.values(), ids=TRANSFORMS.keys())
readouts = pytest.mark.parametrize("case", READOUTS.values(), ids=READOUTS.keys())


def given(samples: list) -> coding.Samples:
    """The samples of a case as a user has them: an array, or the recordings themselves."""
    return samples if isinstance(samples[0], Events) else np.array(samples, dtype=np.float64)


def encode(encoder: coding.Encoder, samples: coding.Samples, *, seed: int = 0, dtype=torch.float64) -> Tensor:
    return encoder(samples, dt=DT, like=torch.zeros((), dtype=dtype), generator=torch.Generator().manual_seed(seed))


def random_outputs(case: ReadoutCase, *, steps: int = 7, batch: int = 4) -> Tensor:
    neurons = len(case.outputs[0])
    return torch.rand(steps, batch, neurons, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_every_public_code_has_a_case():
    bases = (coding.Encoder, coding.Transform, coding.Readout)
    public = {getattr(coding, name) for name in coding.__all__ if name != "Samples"} - set(bases)
    covered = (
        {type(case.encoder) for case in ENCODERS.values()}
        | {type(case.transform) for case in TRANSFORMS.values()}
        | {type(case.readout) for case in READOUTS.values()}
    )
    assert all(issubclass(code, bases) and not inspect.isabstract(code) for code in public)
    assert public == covered


@encoders
def test_raster_is_the_one_worked_out_by_hand(case):
    raster = encode(case.encoder, given(case.samples))
    torch.testing.assert_close(raster, torch.tensor(case.raster, dtype=torch.float64), rtol=0, atol=0)


@encoders
def test_raster_is_time_major_and_leaves_the_samples_alone(case):
    samples = case.draw(np.random.default_rng(1), 5)
    before = case.draw(np.random.default_rng(1), 5)
    assert encode(case.encoder, samples).shape[:2] == (case.encoder.steps, 5)
    if isinstance(samples, np.ndarray):
        np.testing.assert_array_equal(samples, before)


@encoders
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_raster_has_the_dtype_of_the_network(case, dtype):
    raster = encode(case.encoder, case.draw(np.random.default_rng(1), 2), dtype=dtype)
    assert raster.dtype == dtype


@encoders
def test_raster_is_on_the_device_of_the_network(case):
    """The meta device stands for any that is not the CPU: an operation that mixes the two raises."""
    samples = case.draw(np.random.default_rng(1), 2)
    raster = case.encoder(samples, dt=DT, like=torch.zeros((), device="meta"))
    assert raster.device.type == "meta"
    assert raster.shape == encode(case.encoder, samples).shape


@encoders
def test_spiking_encoders_give_spikes(case):
    raster = encode(case.encoder, case.draw(np.random.default_rng(1), 5))
    is_spike = (raster == 0) | (raster == 1)
    if case.counts:
        assert torch.equal(raster, raster.round())
        assert raster.max() > 1
    else:
        assert case.encoder.spiking == bool(is_spike.all())
    assert raster.sum() > 0


@encoders
def test_constant_encoders_repeat_one_step_without_a_copy(case):
    raster = encode(case.encoder, case.draw(np.random.default_rng(1), 5))
    assert case.encoder.constant == bool((raster == raster[0]).all())
    assert case.encoder.constant == (raster.stride(0) == 0)


@pytest.mark.parametrize("case", DETERMINISTIC.values(), ids=DETERMINISTIC.keys())
def test_samples_do_not_see_each_other(case):
    samples = case.draw(np.random.default_rng(1), 5)
    raster = encode(case.encoder, samples)
    order = [3, 0, 4, 2, 1]
    shuffled = [samples[k] for k in order] if isinstance(samples, list) else samples[order]
    assert torch.equal(encode(case.encoder, shuffled), raster[:, order])
    assert torch.equal(encode(case.encoder, samples[2:3]), raster[:, 2:3])


@encoders
def test_same_seed_same_raster(case):
    samples = case.draw(np.random.default_rng(1), 5)
    first = encode(case.encoder, samples, seed=7)
    assert torch.equal(first, encode(case.encoder, samples, seed=7))
    assert torch.equal(first, encode(case.encoder, samples, seed=8)) == (case in DETERMINISTIC.values())


@encoders
def test_encoders_need_a_step(case):
    with pytest.raises(ValueError, match=rf"{type(case.encoder).__name__}\.steps: must be >= 1; got 0\."):
        replace(case.encoder, steps=0)


@encoders
def test_encoders_refuse_the_other_kind_of_samples(case):
    of_events = isinstance(case.samples[0], Events)
    other = np.zeros((2, 3)) if of_events else [RECORDING]
    rule = (
        "takes recordings of events, .* got an array of float64" if of_events else "takes one array .* a list of Events"
    )
    with pytest.raises(ValueError, match=f"{type(case.encoder).__name__}: {rule}"):
        encode(case.encoder, other)


@transforms
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_transform_is_the_one_worked_out_by_hand(case, dtype):
    """The numbers in the table have six digits."""
    x = torch.tensor(case.samples, dtype=dtype)
    torch.testing.assert_close(case.transform(x), torch.tensor(case.transformed, dtype=dtype), rtol=0, atol=1e-6)


@transforms
def test_transform_follows_dtype_and_device(case):
    x = torch.tensor(case.samples, dtype=torch.bfloat16)
    assert case.transform(x).dtype == torch.bfloat16
    assert case.transform(x.to("meta")).device.type == "meta"


@transforms
def test_transform_keeps_samples_apart(case):
    x = torch.tensor(case.samples, dtype=torch.float64)
    batch = torch.cat([x, x.flip(0), 2 * x])
    apart = torch.cat([case.transform(sample.unsqueeze(0)) for sample in batch])
    torch.testing.assert_close(case.transform(batch), apart, rtol=0, atol=1e-15)


@transforms
def test_transform_is_applied_before_the_code(case):
    x = np.array(case.samples, dtype=np.float64)
    raster = encode(coding.Direct(steps=2, before=(case.transform,)), x)
    assert torch.equal(raster[1], case.transform(torch.from_numpy(x)))


@readouts
def test_scores_are_those_worked_out_by_hand(case):
    outputs = torch.tensor(case.outputs, dtype=torch.float64).unsqueeze(1)
    scores = torch.tensor(case.scores, dtype=torch.float64).unsqueeze(1)
    torch.testing.assert_close(case.readout.over_time(outputs), scores, rtol=0, atol=1e-15)


@readouts
def test_scores_after_a_step_are_those_of_a_run_that_ends_there(case):
    """So no row can depend on a later step, and the two ways to ask agree, up to the order of a sum of 7 numbers."""
    outputs = random_outputs(case)
    over_time = case.readout.over_time(outputs)
    ended = torch.stack([case.readout(outputs[: t + 1]) for t in range(len(outputs))])
    torch.testing.assert_close(over_time, ended, rtol=0, atol=1e-12)


@readouts
def test_batch_order_does_not_matter_to_readouts(case):
    outputs = random_outputs(case)
    order = [2, 0, 3, 1]
    scores = case.readout.over_time(outputs)
    torch.testing.assert_close(case.readout.over_time(outputs[:, order]), scores[:, order], rtol=0, atol=1e-12)


@readouts
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_scores_have_the_dtype_of_the_outputs(case, dtype):
    outputs = random_outputs(case).to(dtype)
    assert case.readout.over_time(outputs).dtype == dtype
    assert case.readout(outputs).dtype == dtype


@readouts
def test_gradient_is_that_of_finite_differences(case):
    """Away from ties, which random float64 values do not have, every readout is smooth."""
    outputs = random_outputs(case, steps=4, batch=2).requires_grad_()
    assert torch.autograd.gradcheck(case.readout.over_time, (outputs,))
    assert torch.autograd.gradcheck(case.readout, (outputs,))
