"""ONNX files become networks of rectifiers; what is damaged, hostile or unknown is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from spikewright.checks import ModelError
from spikewright.exchange import from_onnx

onnx = pytest.importorskip("onnx")
helper, proto = onnx.helper, onnx.TensorProto


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


def written(path: Path, nodes: list, constants: dict[str, np.ndarray], shape: tuple[int, ...] = (1, 2, 6, 6)) -> Path:
    """Write a model from "x" to "y"."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", proto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", proto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph), str(path))
    return path


def test_a_residual_network(tmp_path):
    """Convolution, normalisation, sum, pools, reshape, and biases that are added: as computed with torch."""
    c = {
        "w1": drawn(4, 2, 3, 3), "b1": drawn(4, 1, 1), "w2": drawn(4, 4, 3, 3), "gain": drawn(4), "shift": drawn(4),
        "mean": drawn(4), "var": np.abs(drawn(4)) + 0.5, "w3": drawn(4, 1, 2, 2), "shape": np.array([1, -1]),
        "w4": drawn(4, 1, 1, 5), "flat": np.array([4, 5]), "b4": drawn(1, 5), "w5": drawn(3, 5), "b5": drawn(3),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], auto_pad="SAME_UPPER", kernel_shape=[3, 3]),
        helper.make_node("Add", ["a", "b1"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("Conv", ["c", "w2"], ["d"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["d", "gain", "shift", "mean", "var"], ["e"], epsilon=1e-3),
        helper.make_node("Add", ["e", "c"], ["f"]),
        helper.make_node("Relu", ["f"], ["g"]),
        helper.make_node("MaxPool", ["g"], ["h"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["h", "w3"], ["i"], group=4, strides=[1, 1]),
        helper.make_node("Relu", ["i"], ["j"]),
        helper.make_node("AveragePool", ["j"], ["k"], kernel_shape=[2, 2]),
        helper.make_node("Dropout", ["k"], ["l"]),
        helper.make_node("Reshape", ["l", "shape"], ["m"]),
        helper.make_node("Reshape", ["w4", "flat"], ["w4flat"]),
        helper.make_node("MatMul", ["m", "w4flat"], ["n"]),
        helper.make_node("Add", ["n", "b4"], ["o"]),
        helper.make_node("Relu", ["o"], ["p"]),
        helper.make_node("Gemm", ["p", "w5", "b5"], ["y"], transB=1, alpha=0.5, beta=2.0),
    ]
    net = from_onnx(written(tmp_path / "m.onnx", nodes, c))
    t = {name: torch.from_numpy(value) for name, value in c.items()}
    x = torch.randn(5, 2, 6, 6)
    first = functional.relu(functional.conv2d(x, t["w1"], t["b1"].flatten(), padding=1))
    normal = functional.batch_norm(
        functional.conv2d(first, t["w2"], padding=1), t["mean"], t["var"], t["gain"], t["shift"], eps=1e-3
    )
    pooled = functional.max_pool2d(functional.relu(normal + first), 2)
    late = functional.avg_pool2d(functional.relu(functional.conv2d(pooled, t["w3"], groups=4)), 2, 1)
    dense = functional.relu(late.flatten(1) @ t["w4"].reshape(4, 5) + t["b4"])
    with torch.no_grad():
        torch.testing.assert_close(net(x), dense @ t["w5"].T * 0.5 + 2 * t["b5"], rtol=1e-4, atol=1e-4)


def test_all_that_cannot_be_converted_is_listed(tmp_path):
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["a"], name="s"),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Softmax", ["b"], ["y"]),
    ]
    with pytest.raises(ModelError, match=r"m.onnx: the model: .* because of Sigmoid \(s\), Softmax \(y\)\. What"):
        from_onnx(written(tmp_path / "m.onnx", nodes, {}))


ODD = {
    "both sides": (("Conv", {"pads": [0, 0, 1, 1]}), r"Conv \(y\): padding must be the same on both sides"),
    "lower": (("Conv", {"auto_pad": "SAME_LOWER"}), r"auto_pad SAME_LOWER cannot be converted"),
    "strides": (("Conv", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}), r"auto_pad with strides \(2, 2\)"),
    "axis": (("Flatten", {"axis": 2}), r"Flatten \(y\): only axis=1 keeps the samples apart"),
    "added": (("Add", {}), r"Add \(y\): a constant can be added behind a dense or convolutional layer only"),
    "reshaped": (
        ("Reshape", {}),
        r"Reshape \(y\): only to one row a sample of 72 values .* got \[3, 24\]",
    ),
    "factor": (("MatMul", {}), r"MatMul \(y\): the second factor must have the shape \(in, out\)"),
    "too large": (("Conv", {"pads": [1 << 20] * 4}), r"Conv \(y\): gives samples of shape"),
    "transposed": (("Gemm", {"transA": 1}), r"Gemm \(y\): transA cannot be converted"),
    "dilated": (("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2]}), r"dilations of pools cannot be converted"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_nodes(name, tmp_path):
    (kind, attributes), message = ODD[name]
    constants = {"w": np.array([3, 24]) if kind == "Reshape" else drawn(2, 2, 3, 3) if kind != "Gemm" else drawn(2, 2)}
    inputs = ["x"] if kind in ("Flatten", "MaxPool") else ["x", "w"]
    path = written(tmp_path / "m.onnx", [helper.make_node(kind, inputs, ["y"], **attributes)], constants)
    with pytest.raises(ModelError, match=message) as caught:
        from_onnx(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(1,), (1, 0, 2), ("n", "c", 3), (1, 1 << 20, 1 << 20)])
def test_the_shape_of_a_sample_must_be_known(shape, tmp_path):
    path = written(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], {}, shape)
    with pytest.raises(ModelError, match=r"input 'x': the shape of a sample must be known"):
        from_onnx(path)


def test_data_in_other_files_are_left_alone(tmp_path):
    """No path in a file leads anywhere."""
    path = written(tmp_path / "m.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": drawn(4, 2)}, (1, 4))
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = proto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"w: its data are in another file"):
        from_onnx(path)


def test_sizes_that_are_not_there_are_not_allocated(tmp_path):
    path = written(tmp_path / "m.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": drawn(4, 2)}, (1, 4))
    model = onnx.load(str(path))
    model.graph.initializer[0].dims[0] = 1 << 50
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=r"describes no network: cannot reshape array"):
        from_onnx(path)


def test_nothing_gives_the_output(tmp_path):
    path = written(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["z"])], {})
    with pytest.raises(ModelError, match=r"nothing gives its output 'y'"):
        from_onnx(path)


@pytest.mark.parametrize("content", [b"\x00" * 40, b"\xff" * 64, b"PK\x03\x04" + b"a" * 50])
def test_something_else(content, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"m.onnx: ") as caught:
        from_onnx(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", [0.05, 0.4, 0.8, 0.99])
def test_truncated(part, tmp_path):
    path = written(tmp_path / "m.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": drawn(4, 200)}, (1, 4))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ModelError, match=r"m.onnx: "):
        from_onnx(path)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"none.onnx: no such file"):
        from_onnx(tmp_path / "none.onnx")
