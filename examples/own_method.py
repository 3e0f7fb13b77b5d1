"""A method of one's own: the perceptron rule on spike counts, compared with the artificial network."""

from typing import ClassVar

import torch
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

import spikewright as sw
from spikewright.cost import TrainingCost
from spikewright.learners import Card, Labelled, Learner, Training, Twin


class Perceptron(Learner):
    """One layer of spiking neurons; a wrong decision moves the weights of the two classes concerned."""

    card: ClassVar[Card] = Card(
        title="Spiking perceptron",
        family="spike-time rule",
        summary="Where the decision is wrong, weights of the right class rise and those of the decided one fall.",
        equation=r"\Delta w_i = \eta\,(y_{right} - y_{decided})\,x_i",
        paper="Rosenblatt, The perceptron, Psychological Review 65",
        year=1958,
        neuron="IF",
        code="analog",
        labels=True,
        gradients=False,
        symmetric_weights=False,
        whole_sequence=False,
        local=True,
    )

    def __init__(self, *, epochs: int = 15, learning_rate: float = 0.01, seed: int = 0) -> None:
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.seed = seed

    def twin(self, shape: sw.data.DataShape) -> Learner:
        """Return the artificial network without a hidden layer, with as many passes as suit the data."""
        return Twin("", epochs=30 if shape.count < 10_000 else 5, batch_size=20, learning_rate=1e-2, seed=self.seed)

    def begin(self, train: Labelled, classes: int) -> Training:
        """Start from silence."""
        return PerceptronTraining(train, classes, self)


class PerceptronTraining(Training):
    """The fit: one round is one pass over the samples."""

    def __init__(self, train: Labelled, classes: int, learner: Perceptron) -> None:
        self.rounds = learner.epochs
        self.rate = learner.learning_rate
        self.x, self.y = torch.as_tensor(train.x).flatten(1), train.y
        self.linear = nn.Linear(self.x.shape[1], classes, bias=False)
        nn.init.zeros_(self.linear.weight)

    def advance(self, round_: int) -> dict[str, float]:  # noqa: ARG002 - every round is alike
        """Correct the weights after each wrong decision."""
        wrong = 0
        weight = self.linear.weight.data
        for x, y in zip(self.x, self.y, strict=True):
            decided = int((weight @ x).argmax())
            if decided != y:
                weight[y] += self.rate * x
                weight[decided] -= self.rate * x
                wrong += 1
                self.cost += TrainingCost(weight_updates=2 * len(x))
            self.cost += TrainingCost(forward_multiply_accumulates=weight.numel())
        self.samples += len(self.y)
        return {"wrong": wrong / len(self.y)}

    def network(self) -> sw.Network:
        """Return the weights as a spiking network."""
        return sw.Network(
            sw.coding.Direct(steps=16),
            sw.Layer(nn.Flatten()),
            sw.Layer(self.linear, sw.neurons.IF()),
            sw.coding.SpikeCount(),
            dt=1e-3,
        )

    def state(self) -> dict[str, Tensor]:
        """Return the weights."""
        return {"weight": self.linear.weight.data}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take over the weights."""
        self.linear.weight.data.copy_(state["weight"])


digits = sw.data.load("digits")
x, y = digits.train.x, digits.train.y
train_x, held_x, train_y, held_y = train_test_split(x, y, test_size=0.2, random_state=0)
for learner in (Perceptron(), Perceptron().twin(digits.shape)):
    learner.fit(train_x, train_y, validation=(held_x, held_y))
    print(f"{type(learner).__name__}: {learner.validation_accuracy_:.3f} on held-out samples")
