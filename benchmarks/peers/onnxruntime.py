"""onnxruntime: artificial networks, in floating point and in integers (statically quantised, each way it knows).

Its models are written here, node by node, from the same arrays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from benchmarks._case import Job

DISTRIBUTIONS = ("onnxruntime", "onnx")
Arrays = dict[str, NDArray[Any]]


class Shown(CalibrationDataReader):
    """Images from which the ranges of activations are taken."""

    def __init__(self, images: NDArray[np.float32]) -> None:
        self.images = iter(images)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next image, ``None`` at the end."""
        image = next(self.images, None)
        return None if image is None else {"x": image[None]}


def event_mlp(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Classify images one after another."""
    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w1"], ["y"]),
    ]
    images = inputs["images"].reshape(len(inputs["images"]), -1)
    model = _model(nodes, {"w0": inputs["twin0"], "w1": inputs["twin1"]}, images.shape[1:])
    return classifying(_session(model, parameters, images), images)


def event_cnn(parameters: dict[str, Any], inputs: Arrays) -> Job:
    """Classify images one after another."""
    nodes, before = [], "x"
    for number in range(2):
        nodes += [
            helper.make_node("Conv", [before, f"w{number}"], [f"c{number}"], kernel_shape=[5, 5], pads=[2] * 4),
            helper.make_node("AveragePool", [f"c{number}"], [f"p{number}"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Relu", [f"p{number}"], [f"r{number}"]),
        ]
        before = f"r{number}"
    nodes += [
        helper.make_node("Flatten", [before], ["f"]),
        helper.make_node("MatMul", ["f", "w2"], ["d"]),
        helper.make_node("Relu", ["d"], ["e"]),
        helper.make_node("MatMul", ["e", "w3"], ["y"]),
    ]
    images = inputs["images"]
    model = _model(nodes, {f"w{number}": inputs[f"w{number}"] for number in range(4)}, images.shape[1:])
    return classifying(_session(model, parameters, images), images)


def classifying(session: onnxruntime.InferenceSession, images: NDArray[np.float32]) -> Job:
    """Return the work of running all images, each a batch of one."""
    batches = list(images[:, None])

    def decisions() -> Iterator[int]:
        for batch in batches:
            yield int(session.run(None, {"x": batch})[0].argmax())

    return Job(lambda: list(decisions()), None)


def _model(nodes: list[onnx.NodeProto], weights: Arrays, shape: tuple[int, ...]) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(weight, name) for name, weight in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def _session(
    model: onnx.ModelProto, parameters: dict[str, Any], images: NDArray[np.float32]
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        if parameters.get("bits") == 8:
            whole = Path(folder) / "whole.onnx"
            quantize_static(
                path,
                whole,
                Shown(images[:100]),
                quant_format=QuantFormat.QOperator,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            path = whole
        return onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
