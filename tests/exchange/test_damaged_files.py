"""A file that is damaged, of a later version or hostile is refused in one line, and no code of it is run."""

from __future__ import annotations

import copy
import json
import pickle
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from spikewright import coding
from spikewright.checks import ModelError
from spikewright.exchange import load, load_notes, save
from spikewright.network import Delay, Layer, Network
from spikewright.neurons import LIF, ArcTan


@pytest.fixture
def path(tmp_path):
    """A good file with all that a file can hold."""
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=3, before=(coding.Rescale(low=torch.zeros(1, 4, 4), high=1.0),)),
        Layer(nn.Conv2d(1, 2, 3, padding="same"), LIF(tau_mem=nn.Parameter(torch.rand(2, 4, 4) + 1))),
        Layer(nn.Flatten()),
        Layer(nn.Linear(32, 3), LIF(tau_mem=0.02, surrogate=ArcTan(slope=2.0)), recurrent=nn.Linear(3, 3, bias=False)),
        Layer(Delay(1)),
        coding.ClassVote(labels=torch.tensor([0, 1, 1]), classes=2),
        dt=1e-3,
    )
    save(net, tmp_path / "model.safetensors", {"data": "digits"})
    return tmp_path / "model.safetensors"


def rewrite(path: Path, change) -> None:
    """Write the file again after ``change(header, description, tensors)``."""
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    text, description = header["network"], json.loads(header["network"])
    change(header, description, tensors)
    if header["network"] == text:
        header["network"] = json.dumps(description)
    save_file(tensors, path, header)


def refusal(path: Path) -> str:
    """Return the message, which must be one line that names the file and says what to do."""
    with pytest.raises(ModelError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 700
    assert re.search(r"(Install|Name|Copy|copy|Train|train|use that version)", message), message
    return message


def test_missing_file(path):
    assert "no such file" in refusal(path.with_name("other.safetensors"))


def test_folder(path):
    assert "not a readable model file" in refusal(path.parent)


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"{}", b"\xff" * 64, pickle.dumps({"a": 1})])
def test_something_else(path, content):
    path.write_bytes(content)
    assert "not a readable model file" in refusal(path)


@pytest.mark.parametrize("part", [0.01, 0.3, 0.7, 0.999])
def test_truncated(path, part):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    assert "not a readable model file" in refusal(path)


def test_another_kind_of_safetensors(path):
    save_file({"a": torch.zeros(2)}, path)
    assert "not a model of spikewright" in refusal(path)


def test_later_version(path):
    rewrite(path, lambda header, *_: header.update(version="2"))
    assert "of version 2; this spikewright reads model files up to version 1" in refusal(path)
    with pytest.raises(ModelError, match="of version 2"):
        load_notes(path)


@pytest.mark.parametrize("version", ["", "one", "-1"])
def test_damaged_version(path, version):
    rewrite(path, lambda header, *_: header.update(version=version))
    assert "version is damaged" in refusal(path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nonsense"])
def test_damaged_description(path, text):
    rewrite(path, lambda header, *_: header.update(network=text))
    assert "its network is damaged" in refusal(path)


@pytest.mark.parametrize("text", ["{", "[1]", "3"])
def test_damaged_notes(path, text):
    rewrite(path, lambda header, *_: header.update(notes=text))
    with pytest.raises(ModelError, match=r"model.safetensors: its notes (is|are) damaged"):
        load_notes(path)


def test_missing_tensor(path):
    rewrite(path, lambda header, description, tensors: tensors.pop("layers.layer1.connection.weight"))
    assert "no tensor 'layers.layer1.connection.weight'" in refusal(path)


def test_missing_tensor_of_a_dataclass(path):
    rewrite(path, lambda header, description, tensors: tensors.pop("encoder.before.0.low"))
    assert "no tensor 'encoder.before.0.low'" in refusal(path)


def test_tensor_too_many(path):
    rewrite(path, lambda header, description, tensors: tensors.update(extra=torch.zeros(1)))
    assert "tensor 'extra': belongs to no part" in refusal(path)


def test_tensor_of_another_shape(path):
    rewrite(path, lambda header, d, tensors: tensors.update({"layers.layer3.connection.bias": torch.zeros(4)}))
    assert "layers.layer3.connection" in refusal(path)


def put(description: dict, keys: tuple, value: object) -> None:
    for key in keys[:-1]:
        description = description[key]
    description[keys[-1]] = value


NEURON = ("layers", 0, "neuron")
CONNECTION = ("layers", 0, "connection")


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        ((*NEURON, "class"), "__import__", "no class '__import__'"),
        ((*NEURON, "class"), "__builtins__", "no class '__builtins__'"),
        ((*NEURON, "class"), "os.system", "no class 'os.system'"),
        ((*NEURON, "class"), "NeuronModel", "no class|NeuronModel"),
        ((*NEURON, "class"), "LIFState", "no class 'LIFState'"),
        ((*NEURON, "class"), "Samples", "no class 'Samples'"),
        ((*NEURON, "class"), ["LIF"], r"no class"),
        ((*NEURON, "class"), "FastSigmoid", "FastSigmoid has other fields"),
        (NEURON, {"class": "SpikeCount", "fields": {}}, "SpikeCount is no neuron model"),
        ((*NEURON, "fields", "__class__"), "x", "other fields than the file says: __class__"),
        ((*NEURON, "fields", "tau_mem"), "fast", "tau_mem: a str does not belong there"),
        ((*NEURON, "fields", "tau_mem"), True, "tau_mem: a bool does not belong there"),
        ((*NEURON, "fields", "tau_mem"), -1.0, "tau_mem: must be > 0"),
        ((*NEURON, "fields", "surrogate"), {"class": "LIF", "fields": {"tau_mem": 1.0}}, "LIF has other fields"),
        ((*NEURON, "fields", "surrogate"), {"class": "SpikeCount", "fields": {}}, "surrogate: a SpikeCount does not"),
        ((*NEURON, "fields", "tau_mem"), {"tensor": "nowhere", "role": "buffer"}, "no tensor 'nowhere'"),
        ((*NEURON, "fields", "tau_mem", "role"), "owner", "neither a value nor a class"),
        ((*CONNECTION, "module"), "Bilinear", "no connection 'Bilinear'"),
        ((*CONNECTION, "module"), "__init__", "no connection '__init__'"),
        ((*CONNECTION, "arguments", "in_channels"), "1", "in_channels: a str does not belong there"),
        ((*CONNECTION, "arguments", "in_channels"), -5, "layers.layer1.connection"),
        ((*CONNECTION, "arguments", "out_channels"), 10**12, "layers.layer1.connection"),
        ((*CONNECTION, "arguments", "device"), "cuda", "not the arguments of Conv2d"),
        ((*CONNECTION, "state"), {}, "layers.layer1.connection"),
        ((*CONNECTION, "state", "__class__"), "buffer", "no tensor"),
        ((*CONNECTION, "state", "weight"), "owner", "not the tensors of Conv2d"),
        (("encoder", "fields", "steps"), 0, "steps: must be >= 1"),
        (("encoder", "fields", "steps"), 3.0, "steps: a float does not belong there"),
        (("encoder", "fields", "before"), [3], "before: a tuple does not belong there"),
        (("readout",), None, "no encoder or no readout"),
        (("layers",), {}, "no list of layers"),
        (("layers",), [], "belongs to no part of the network"),
        (("layers", 1, "name"), "layer1", "no tensor|twice"),
        (("layers", 1, "name"), "a.b", "describes no network"),
        (("layers", 1, "name"), "__class__", "describes no network"),
        (("layers", 1, "name"), 7, "must be texts"),
        (("layers", 1, "inputs"), ["layer3"], "does not come before it"),
        (("dt",), "1", "no time step"),
        (("dt",), -1.0, "Network.dt: must be > 0"),
        (("dtype",), "torch.load", "dtype: unknown"),
        (("extra",), 1, "nothing else"),
    ],
)
def test_hostile_descriptions(path, keys, value, message):
    """Names are only looked up among public classes, and values must be of the types that fields declare."""
    rewrite(path, lambda header, description, tensors: put(description, keys, value))
    assert re.search(message, refusal(path))


def places(node: object, keys: tuple = ()) -> list[tuple]:
    """Return the keys of every value in a description."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [(*keys, key) for key, _ in inner]
    return found + [place for key, value in inner for place in places(value, (*keys, key))]


def test_nothing_but_one_error_for_any_wrong_value(path):
    """Whatever stands at whatever place, the file loads or is refused; no other error comes out."""
    with safe_open(path, framework="pt") as file:
        description = json.loads(file.metadata()["network"])
    whole = path.read_bytes()
    wrong = [None, -1, 0.5, "x", [], {}, True, 10**9, {"class": "LIF", "fields": {}}, {"float": "nan"}]
    messages = []
    for keys in places(copy.deepcopy(description)):
        for value in wrong:
            rewrite(path, lambda header, description, tensors: put(description, keys, value))  # noqa: B023 - used at once
            messages.append(message_of(path))
            path.write_bytes(whole)
    # Some values are as good as those that stood there, such as another slope.
    assert messages.count("") < 100
    assert all(message.startswith(f"{path}: ") and "\n" not in message for message in messages if message)


def message_of(path: Path) -> str:
    """Return why a file is refused, or nothing if it is not."""
    try:
        load(path)
    except ModelError as error:
        return str(error)
    return ""
