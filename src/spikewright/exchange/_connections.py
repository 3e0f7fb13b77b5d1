"""Connections as JSON: the modules a layer may hold, and the arguments that build each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.exchange._values import ROLES, Json, decode, encode, fits, role, take
from spikewright.network import AllButSelf, Delay, DelayedLinear, Dropout, FixedFanOut, MaxCountPool2d, Scale, SumPool2d


@dataclass(frozen=True)
class Recipe:
    """How one kind of module is described and built again.

    Parameters
    ----------
    kind : type
        The class of the module.
    build : callable
        Takes the arguments by name.
    attributes : tuple of str
        Arguments that the module keeps under their own names.
    tensors : tuple of str
        Arguments that are tensors of the module's state.
    optional : tuple of str
        Arguments that say whether the module has a tensor of that name.
    """

    kind: type[nn.Module]
    build: Callable[..., nn.Module]  # the arguments are those of the module, different for each
    attributes: tuple[str, ...] = ()
    tensors: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


def _all_but_self(weight: Tensor) -> nn.Module:
    return AllButSelf(float(weight))


_WINDOW = ("kernel_size", "stride", "padding")
_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_SIZES = int | tuple[int, ...]
_TYPES = MappingProxyType(
    {
        "affine": bool,
        "bias": bool,
        "ceil_mode": bool,
        "count_include_pad": bool,
        "dilation": _SIZES,
        "divisor_override": int | None,
        "end_dim": int,
        "eps": float,
        "groups": int,
        "in_channels": int,
        "in_features": int,
        "kernel_size": _SIZES,
        "momentum": float | None,
        "num_features": int,
        "out_channels": int,
        "out_features": int,
        "padding": _SIZES | str,
        "padding_mode": str,
        "probability": float,
        "return_indices": bool,
        "start_dim": int,
        "stride": _SIZES,
        "track_running_stats": bool,
    }
)

RECIPES = (
    Recipe(nn.Linear, nn.Linear, attributes=("in_features", "out_features"), optional=("bias",)),
    Recipe(
        nn.Conv2d,
        nn.Conv2d,
        attributes=("in_channels", "out_channels", *_WINDOW, "dilation", "groups", "padding_mode"),
        optional=("bias",),
    ),
    Recipe(
        nn.Conv1d,
        nn.Conv1d,
        attributes=("in_channels", "out_channels", *_WINDOW, "dilation", "groups", "padding_mode"),
        optional=("bias",),
    ),
    Recipe(nn.AvgPool2d, nn.AvgPool2d, attributes=(*_WINDOW, "ceil_mode", "count_include_pad", "divisor_override")),
    Recipe(nn.MaxPool2d, nn.MaxPool2d, attributes=(*_WINDOW, "dilation", "return_indices", "ceil_mode")),
    Recipe(MaxCountPool2d, MaxCountPool2d, attributes=(*_WINDOW, "dilation", "ceil_mode")),
    Recipe(nn.BatchNorm1d, nn.BatchNorm1d, attributes=_NORM),
    Recipe(nn.BatchNorm2d, nn.BatchNorm2d, attributes=_NORM),
    Recipe(nn.Flatten, nn.Flatten, attributes=("start_dim", "end_dim")),
    Recipe(nn.Identity, nn.Identity),
    Recipe(SumPool2d, SumPool2d, attributes=("kernel_size",)),
    Recipe(Scale, Scale, tensors=("factor",)),
    Recipe(Dropout, Dropout, attributes=("probability",)),
    Recipe(Delay, Delay, tensors=("steps",)),
    Recipe(DelayedLinear, DelayedLinear, tensors=("weight", "delays")),
    Recipe(FixedFanOut, FixedFanOut, attributes=("out_features",), tensors=("targets", "weight", "scale")),
    Recipe(AllButSelf, _all_but_self, tensors=("weight",)),
)
"""Every module that a file may name."""


def encode_connection(module: nn.Module | None, path: str, tensors: dict[str, Tensor]) -> Json:
    """Return a connection as JSON; its tensors go into ``tensors``, named after ``path``."""
    if module is None:
        return None
    recipe = next((recipe for recipe in RECIPES if recipe.kind is type(module)), None)
    if recipe is None:
        known = ", ".join(recipe.kind.__name__ for recipe in RECIPES)
        raise ModelError(f"{path}: a {type(module).__name__} cannot be written to a file. Use one of {known}.")
    state = {name: _entry(module, name) for name in module.state_dict()}
    tensors |= {f"{path}.{name}": tensor.detach() for name, tensor in state.items()}
    arguments = {name: getattr(module, name) for name in recipe.attributes}
    arguments |= {name: getattr(module, name) is not None for name in recipe.optional}
    return {
        "module": recipe.kind.__name__,
        "arguments": {name: encode(value, f"{path}.{name}", tensors) for name, value in arguments.items()},
        "state": {name: role(tensor) for name, tensor in state.items()},
    }


def decode_connection(described: Json, path: str, tensors: dict[str, Tensor]) -> nn.Module | None:
    """Return the connection that :func:`encode_connection` described; its tensors are taken out of ``tensors``.

    Raises
    ------
    ModelError
        If the description is not of a known module, or its tensors are missing or do not fit.
    """
    if described is None:
        return None
    if not isinstance(described, dict) or sorted(described) != ["arguments", "module", "state"]:
        raise ModelError(f"{path}: no description of a connection: {str(described)[:80]!r}")
    recipe = next((recipe for recipe in RECIPES if recipe.kind.__name__ == described["module"]), None)
    if recipe is None:
        raise ModelError(f"{path}: this version of spikewright has no connection {str(described['module'])[:80]!r}")
    given, roles = described["arguments"], described["state"]
    if not isinstance(given, dict) or set(given) != {*recipe.attributes, *recipe.optional}:
        raise ModelError(f"{path}: not the arguments of {described['module']}")
    arguments = {name: decode(value, tensors, f"{path}.{name}") for name, value in given.items()}
    wrong = [name for name, value in arguments.items() if not fits(value, _TYPES[name])]
    if wrong:
        raise ModelError(f"{path}.{wrong[0]}: a {type(arguments[wrong[0]]).__name__} does not belong there")
    if not isinstance(roles, dict) or not set(roles.values()) <= set(ROLES):
        raise ModelError(f"{path}: not the tensors of {described['module']}")
    state = {name: take(f"{path}.{name}", tensors, path) for name in roles}
    try:
        return _built(recipe, arguments, state, roles)
    except (TypeError, ValueError, RuntimeError, LookupError) as error:
        raise ModelError(f"{path}: {' '.join(str(error).split())[:200]}") from error


def _built(recipe: Recipe, arguments: dict[str, object], state: dict[str, Tensor], roles: dict[str, str]) -> nn.Module:
    if recipe.tensors:
        module = recipe.build(**{name: state[name] for name in recipe.tensors}, **arguments)
    else:
        # On the meta device nothing is allocated and no weight is drawn, whatever sizes the file names.
        with torch.device("meta"):
            module = recipe.build(**arguments)
    module.load_state_dict(state, assign=True)
    for name in state:
        _entry(module, name).requires_grad_(roles[name] == "parameter")
    return module


def _entry(module: nn.Module, name: str) -> Tensor:
    """Return a tensor of a module's state as the parameter or buffer that it is."""
    entry = getattr(module, name)
    if not isinstance(entry, Tensor):
        raise ModelError(f"{type(module).__name__}.{name}: is not a tensor.")
    return entry
