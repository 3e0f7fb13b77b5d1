"""A module that owns the tensors of a frozen dataclass, so that they move, train and are saved with the network."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Generic, TypeVar

from torch import Tensor, nn

T = TypeVar("T")


class Owned(nn.Module, Generic[T]):
    """Holds a dataclass of parameters; its tensors become buffers, its ``nn.Parameter`` become parameters.

    :attr:`value` is the dataclass with the tensors as they are now: on this device, in this dtype, after this update.
    """

    def __init__(self, value: T) -> None:
        super().__init__()
        self._value = value
        self._names: list[str] = []
        for name, entry in _entries(value):
            if isinstance(entry, nn.Parameter):
                self.register_parameter(name, entry)
            elif isinstance(entry, Tensor):
                self.register_buffer(name, entry)
            else:
                continue
            self._names.append(name)

    @property
    def value(self) -> T:
        """The dataclass with its tensors as they are now."""
        if not self._names:
            return self._value
        return replace(self._value, **{name: getattr(self, name) for name in self._names})  # type: ignore[type-var]

    def extra_repr(self) -> str:
        """Show the dataclass where torch lists modules."""
        return repr(self._value)


def _entries(value: object) -> list[tuple[str, object]]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__}: neurons, encoders and readouts must be dataclasses.")
    return [(field.name, getattr(value, field.name)) for field in fields(value)]
