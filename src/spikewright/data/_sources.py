"""The known data sets: the one list to which another is added."""

from __future__ import annotations

from spikewright.data._cifar10 import CIFAR10
from spikewright.data._digits import DIGITS
from spikewright.data._fsdd import FSDD
from spikewright.data._mnist import FASHION_MNIST, MNIST
from spikewright.data._nmnist import N_MNIST, N_MNIST_1K
from spikewright.data._source import Source

SOURCES: tuple[Source, ...] = (
    DIGITS,
    MNIST,
    FASHION_MNIST,
    CIFAR10,
    N_MNIST,
    N_MNIST_1K,
    FSDD,
)
