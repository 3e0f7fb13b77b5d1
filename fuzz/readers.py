"""Every reader of files, a good file for each, and what a reader must do with any other."""

from __future__ import annotations

import gzip
import io
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
import onnx
import torch
from PIL import Image
from torch import nn

from spikewright import coding
from spikewright.checks import SpikewrightError
from spikewright.compare import Plan
from spikewright.data import load
from spikewright.data._cifar10 import CIFAR10
from spikewright.data._event_files import EVENT_READERS, as_recording
from spikewright.data._files import contents
from spikewright.data._fsdd import FSDD
from spikewright.data._idx import parse_idx
from spikewright.data._own_images import _header, _pixels
from spikewright.exchange import export_nir, from_onnx, load_notes, open_network, save
from spikewright.exchange import load as load_network
from spikewright.network import Delay, Layer, Network
from spikewright.neurons import LIF

MOST_MEMORY = 256 * 2**20
"""Bytes by which reading a small file may raise the memory of the process."""

TODO = "Get it again."


@dataclass(frozen=True)
class Reader:
    """One way to read files.

    Parameters
    ----------
    name : str
        Of its file.
    good : callable
        Returns the contents of a file that it reads.
    read : callable
        Reads the file at a path.
    """

    name: str
    good: Callable[[], bytes]
    read: Callable[[Path], object]


def check(reader: Reader, path: Path) -> bool:
    """Read a file; return whether it was read. All else than a result or one clear line is an error."""
    before = peak_memory()
    try:
        reader.read(path)
    except SpikewrightError as error:
        message = str(error)
        assert str(path) in message, f"does not name the file: {message}"
        assert "\n" not in message, f"more than one line: {message}"
        assert len(message) < 1000, f"too long: {message}"
        return False
    finally:
        assert peak_memory() - before < MOST_MEMORY, "takes far more memory than the file can need"
    return True


def peak_memory() -> int:
    """Return the most memory that this process ever had, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def _idx() -> bytes:
    return bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]) + bytes(range(24))


def _npz() -> bytes:
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    np.savez_compressed(file, x=rng.random((30, 4)), y=np.arange(30) % 3)
    return file.getvalue()


def _events_npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(5), y=np.arange(5), p=np.arange(5) % 2, t=np.arange(5) * 10)
    return file.getvalue()


def _dat() -> bytes:
    events = np.array([[10, 3 | 4 << 14 | 1 << 28], [20, 5 | 6 << 14]], "<u4")
    return b"% Height 480\n% Width 640\n\x00\x08" + events.tobytes()


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(400))
    return file.getvalue()


def _image() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(file, "png")
    return file.getvalue()


def _plan() -> bytes:
    return (
        b'data = ["digits"]\nseeds = 2\nbudget = 3.5\n'
        b'methods = ["Twin:epochs=3", {name = "SurrogateGradient", parameters = {steps = 4}}]\n'
    )


def _model() -> bytes:
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=3),
        Layer(nn.Conv2d(1, 2, 3), LIF(tau_mem=torch.full((2, 2, 2), 0.02))),
        Layer(nn.Flatten()),
        Layer(nn.Linear(8, 3), LIF(tau_mem=0.02), recurrent=nn.Linear(3, 3)),
        Layer(Delay(1)),
        coding.SpikeCount(),
        dt=1e-3,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save(net, path, {"data": "digits"})
        return path.read_bytes()


def _nir() -> bytes:
    torch.manual_seed(0)
    net = Network(
        coding.Direct(steps=3),
        Layer(nn.Conv2d(1, 2, 3), LIF(tau_mem=0.02)),
        Layer(nn.Flatten()),
        Layer(nn.Linear(8, 3), LIF(tau_mem=0.02)),
        coding.SpikeCount(),
        dt=1e-3,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.nir"
        export_nir(net, path, sample=(1, 4, 4))
        return path.read_bytes()


def _onnx() -> bytes:
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    weight = helper.make_tensor("w", number, (3, 4), np.arange(12, dtype=np.float32) / 10)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["z"], transB=1), helper.make_node("Relu", ["z"], ["y"])],
        "small",
        [helper.make_tensor_value_info("x", number, ("batch", 4))],
        [helper.make_tensor_value_info("y", number, ("batch", 3))],
        [weight],
    )
    data: bytes = helper.make_model(graph).SerializeToString()
    return data


def _read_idx(path: Path) -> object:
    return parse_idx(path, contents(path, TODO), axes=3, todo=TODO)


def _read_batch(path: Path) -> object:
    return CIFAR10._batch(path)


def _read_sound(path: Path) -> object:
    return FSDD._sound(path)


def _read_arrays(path: Path) -> object:
    return load(str(path))


def _read_events(path: Path) -> object:
    raw = EVENT_READERS[path.suffix](path, TODO)
    sensor = (int(raw.y.max()) + 1, int(raw.x.max()) + 1) if len(raw.times) else (1, 1)
    return as_recording(path, raw, sensor, TODO)


def _read_image(path: Path) -> object:
    mode, _ = _header(path)
    return _pixels(path, "L" if mode == "L" else "RGB")


def _read_model(path: Path) -> object:
    return load_network(path), load_notes(path)


READERS = MappingProxyType(
    {
        "idx": Reader("train-images-idx3-ubyte", _idx, _read_idx),
        "idx-gz": Reader("train-images-idx3-ubyte.gz", lambda: gzip.compress(_idx(), mtime=0), _read_idx),
        "cifar10": Reader("data_batch_1.bin", lambda: bytes(2 * 3073), _read_batch),
        "wav": Reader("0_theo_1.wav", _wav, _read_sound),
        "npz": Reader("own.npz", _npz, _read_arrays),
        "image": Reader("a.png", _image, _read_image),
        "events-bin": Reader("a.bin", lambda: bytes([3, 4, 128, 1, 2, 5, 240, 0, 0, 0, 1, 2, 3, 4, 5]), _read_events),
        "events-dat": Reader("a.dat", _dat, _read_events),
        "events-npz": Reader("a.npz", _events_npz, _read_events),
        "model": Reader("model.safetensors", _model, _read_model),
        "nir": Reader("model.nir", _nir, open_network),
        "onnx": Reader("model.onnx", _onnx, from_onnx),
        "plan": Reader("plan.toml", _plan, Plan.from_toml),
    }
)
