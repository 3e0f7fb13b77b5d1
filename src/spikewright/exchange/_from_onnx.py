"""ONNX files as networks of rectifiers. Nothing of a file is run, and no other file is opened."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spikewright.checks import ModelError
from spikewright.exchange._artificial import Operation, assembled, linear, refuse
from spikewright.network import INPUT, Network

LARGEST = 1 << 26
"""Values of one sample anywhere in a network; more would not run."""


def from_onnx(path: str | Path) -> Network:
    """Return the network of rectifiers of an ONNX file; needs the extra ``onnx``.

    Parameters
    ----------
    path : path
        Of a model with one input of shape (batch, ...) and one output of shape (batch, class).

    Returns
    -------
    Network
        Of one step; :func:`spikewright.learners.convert` makes it spike.

    Raises
    ------
    ModelError
        If the file is missing or damaged, or has operations that cannot be converted, all of which are listed.
    """
    graph = _read(path)
    try:
        refuse(
            [f"{node.op_type} ({node.name or node.output[0]})" for node in graph.node if not _known(node)], "the model"
        )
        reader = _Reader(graph)
        for node in graph.node:
            reader.visit(node)
        return assembled(reader.operations, reader.output())
    except ModelError as error:
        raise ModelError(f"{path}: {str(error).rstrip('.')}.") from error
    except (IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        # What numpy and torch raise for sizes that do not fit each other.
        raise ModelError(f"{path}: describes no network: {' '.join(str(error).split())[:200]}") from error


# Any: the classes of ONNX are made at run time from its schema.
def _read(path: str | Path) -> Any:
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such file. Name another.")
    try:
        onnx = import_module("onnx")
    except ModuleNotFoundError as error:
        raise ModelError("ONNX files need the package onnx: pip install 'spikewright[onnx]'.") from error
    try:
        # Data in other files are left where they are, and refused below.
        return onnx.load(str(path), load_external_data=False).graph
    except (import_module("google.protobuf.message").DecodeError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ModelError(f"{path}: not a readable ONNX file ({reason}). It is damaged or of another kind.") from error


def _array(tensor: Any) -> NDArray[np.generic]:
    """Return the values of a tensor, whose sizes must be those of its data."""
    if tensor.data_location:
        raise ModelError(f"{tensor.name}: its data are in another file")
    array: NDArray[np.generic] = import_module("onnx").numpy_helper.to_array(tensor)
    return array


def _attributes(node: Any) -> dict[str, Any]:
    read = import_module("onnx").helper.get_attribute_value
    return {attribute.name: read(attribute) for attribute in node.attribute}


class _Reader:
    """Goes through the nodes of a graph in order; knows constants and, of all else, the shape of one sample."""

    def __init__(self, graph: Any) -> None:
        self.constants: dict[str, NDArray[np.generic]] = {t.name: _array(t) for t in graph.initializer}
        inputs = [value for value in graph.input if value.name not in self.constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise ModelError(f"has {len(inputs)} inputs and {len(graph.output)} outputs; a network has one of each")
        shape = tuple(dimension.dim_value for dimension in inputs[0].type.tensor_type.shape.dim)[1:]
        if not shape or min(shape) < 1 or prod(shape) > LARGEST:
            raise ModelError(f"input {inputs[0].name!r}: the shape of a sample must be known; got {shape}")
        self.shapes: dict[str, tuple[int, ...]] = {inputs[0].name: shape}
        self.names = {inputs[0].name: INPUT}
        self.operations: list[Operation] = []
        self._last = graph.output[0].name

    def output(self) -> str:
        """Return the name of the operation that gives the scores."""
        if self._last not in self.names:
            raise ModelError(f"nothing gives its output {self._last!r}")
        return self.names[self._last]

    def visit(self, node: Any) -> None:
        """Note a constant, or the operation that a node does."""
        name, made = node.output[0], _attributes(node)
        if node.op_type == "Constant" or all(source in self.constants for source in node.input if source):
            self.constants[name] = _constant(node, made, [self.constants[source] for source in node.input])
            return
        try:
            operation = _MAKERS[node.op_type](self, node, made)
        except ModelError as error:
            raise ModelError(f"{node.op_type} ({node.name or name}): {error}") from error
        self.operations.append(operation)
        self.names[name] = operation.name

    def operation(self, node: Any, module: nn.Module | None, *sources: str) -> Operation:
        """Return what a node does to one or more sources, and note the shape of the result."""
        shapes = {self.shapes[source] for source in sources}
        if len(shapes) > 1:
            raise ModelError(f"adds samples of different shapes, {sorted(shapes)}")
        shape = shapes.pop()
        if module is not None:
            with torch.no_grad():
                meta = torch.empty(1, *shape, device="meta")
                shape = tuple(torch.func.functional_call(module, _empty(module), (meta,)).shape[1:])
        if prod(shape) > LARGEST or not prod(shape):
            raise ModelError(f"gives samples of shape {shape}")
        self.shapes[node.output[0]] = shape
        return Operation(_named(node), tuple(self.names[source] for source in sources), module)

    def weights(self, name: str) -> Tensor:
        """Return a constant as weights in float32."""
        if name not in self.constants:
            raise ModelError(f"{name!r} must be a constant")
        return torch.from_numpy(np.array(self.constants[name], dtype=np.float32))


Maker: TypeAlias = Callable[[_Reader, Any, dict[str, Any]], Operation]


def _constant(node: Any, made: dict[str, Any], inputs: list[NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return the result of a node all of whose inputs are constants."""
    match node.op_type:
        case "Constant" if "value" in made:
            return _array(made["value"])
        case "Reshape":
            return inputs[0].reshape([int(size) for size in inputs[1]])
        case "Identity":
            return inputs[0]
        case "Transpose":
            return inputs[0].transpose(made.get("perm"))
    raise ModelError(f"{node.op_type} ({node.name or node.output[0]}): of constants cannot be computed")


def _conv(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:
    weight = reader.weights(node.input[1])
    if weight.ndim != 4:
        raise ModelError(f"only convolutions of images can be converted; the weight has shape {tuple(weight.shape)}")
    bias = reader.weights(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    stride, groups = tuple(made.get("strides", (1, 1))), int(made.get("group", 1))
    padding: Any = _padding(made)
    if padding == "same" and set(stride) != {1}:
        raise ModelError(f"auto_pad with strides {stride} cannot be converted")
    with torch.device("meta"):
        module = nn.Conv2d(
            weight.shape[1] * groups,
            weight.shape[0],
            (weight.shape[2], weight.shape[3]),
            stride=stride,
            padding=padding,
            dilation=tuple(made.get("dilations", (1, 1))),
            groups=groups,
            bias=bias is not None,
        )
    module.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}), assign=True)
    return reader.operation(node, module, node.input[0])


def _gemm(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:
    weight = reader.weights(node.input[1]) * float(made.get("alpha", 1.0))
    if made.get("transA", 0):
        raise ModelError("transA cannot be converted")
    bias = reader.weights(node.input[2]) * float(made.get("beta", 1.0)) if len(node.input) > 2 else None
    weight = weight if made.get("transB", 0) else weight.T.contiguous()
    if bias is not None:
        bias = bias.reshape(-1).expand(len(weight)).clone()
    return reader.operation(node, linear(weight, bias), node.input[0])


def _matmul(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    weight = reader.weights(node.input[1])
    if weight.ndim != 2:
        raise ModelError(f"the second factor must have the shape (in, out); got {tuple(weight.shape)}")
    return reader.operation(node, linear(weight.T.contiguous(), None), node.input[0])


def _add(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    constants = [source for source in node.input if source in reader.constants]
    if not constants:
        return reader.operation(node, None, *node.input)
    (source,) = (source for source in node.input if source not in reader.constants)
    before = next((o for o in reader.operations if o.name == reader.names[source]), None)
    module = None if before is None else before.module
    if not isinstance(module, nn.Linear | nn.Conv2d):
        raise ModelError("a constant can be added behind a dense or convolutional layer only")
    added = reader.weights(constants[0])
    outputs = len(module.weight)
    wanted = [(outputs, 1, 1), (1, outputs, 1, 1)] if isinstance(module, nn.Conv2d) else [(outputs,), (1, outputs)]
    if added.numel() != 1 and tuple(added.shape) not in wanted:
        raise ModelError(f"a constant of shape {tuple(added.shape)} is no bias of {outputs} outputs")
    bias = added.reshape(-1).expand(outputs).clone()
    module.bias = nn.Parameter(bias if module.bias is None else module.bias.detach() + bias)
    return reader.operation(node, None, source)


def _norm(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:
    weight, bias, mean, variance = (reader.weights(name) for name in node.input[1:5])
    kind = nn.BatchNorm2d if len(reader.shapes[node.input[0]]) == 3 else nn.BatchNorm1d
    module = kind(len(weight), eps=float(made.get("epsilon", 1e-5)))
    state = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance}
    module.load_state_dict(state | {"num_batches_tracked": torch.tensor(1)})
    return reader.operation(node, module.eval(), node.input[0])


def _pool(kind: Callable[..., nn.Module], **options: str) -> Maker:
    def make(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:
        padding = _padding(made)
        if padding == "same" or set(made.get("dilations", (1,))) != {1}:
            raise ModelError("auto_pad and dilations of pools cannot be converted")
        kernel = tuple(made["kernel_shape"])
        given = {torch_name: bool(made.get(onnx_name, 0)) for torch_name, onnx_name in options.items()}
        stride = tuple(made.get("strides", (1,) * len(kernel)))
        return reader.operation(node, kind(kernel, stride, padding, **given), node.input[0])

    return make


def _global_average(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    return reader.operation(node, nn.AvgPool2d(reader.shapes[node.input[0]][-2:]), node.input[0])  # type: ignore[arg-type]


def _flatten(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:
    if made.get("axis", 1) != 1:
        raise ModelError("only axis=1 keeps the samples apart")
    return reader.operation(node, nn.Flatten(), node.input[0])


def _reshape(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    wanted = [int(size) for size in reader.weights(node.input[1])]
    values = prod(reader.shapes[node.input[0]])
    if len(wanted) != 2 or wanted[1] not in (-1, values) or (wanted[0] == wanted[1]):
        raise ModelError(f"only to one row a sample of {values} values can be converted; got {wanted}")
    return reader.operation(node, nn.Flatten(), node.input[0])


def _rectify(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    return reader.operation(node, nn.ReLU(), node.input[0])


def _pass(reader: _Reader, node: Any, made: dict[str, Any]) -> Operation:  # noqa: ARG001
    return reader.operation(node, None, node.input[0])


_MAKERS: MappingProxyType[str, Maker] = MappingProxyType(
    {
        "Add": _add,
        "AveragePool": _pool(nn.AvgPool2d, ceil_mode="ceil_mode", count_include_pad="count_include_pad"),
        "BatchNormalization": _norm,
        "Conv": _conv,
        "Dropout": _pass,
        "Flatten": _flatten,
        "Gemm": _gemm,
        "GlobalAveragePool": _global_average,
        "Identity": _pass,
        "MatMul": _matmul,
        "MaxPool": _pool(nn.MaxPool2d, ceil_mode="ceil_mode"),
        "Relu": _rectify,
        "Reshape": _reshape,
        "Sum": _add,
    }
)
"""For each type of node, how to make its operation."""


def _known(node: Any) -> bool:
    return node.op_type in _MAKERS or node.op_type in ("Constant", "Transpose")


def _padding(made: dict[str, Any]) -> Any:
    """Return the padding of a window as torch has it."""
    automatic = made.get("auto_pad", b"NOTSET").decode()
    if automatic == "SAME_UPPER":
        return "same"
    if automatic == "SAME_LOWER":
        raise ModelError("auto_pad SAME_LOWER cannot be converted")
    if automatic == "VALID":
        return (0, 0)
    pads = tuple(made.get("pads", (0, 0, 0, 0)))
    if len(pads) != 4 or pads[:2] != pads[2:]:
        raise ModelError(f"padding must be the same on both sides; got {pads}")
    return pads[:2]


def _named(node: Any) -> str:
    return str(node.name or node.output[0])


def _empty(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.to("meta") for name, tensor in module.state_dict().items()}
