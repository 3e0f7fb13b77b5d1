"""Whatever a file holds, a reader returns or says in one line what is wrong, and takes no memory for it."""

from __future__ import annotations

import io
import json
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from fuzz.readers import READERS, check
from spikewright.checks import DataError
from spikewright.data import load

GOOD = {name: reader.good() for name, reader in READERS.items()}
HUGE = (b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\xff" * 8, b"\x00" * 4, b"\x00\x00\x00\x80", b"99999999999", b"-1")

ODD_SOUND = "52494646b4010000574156451f0000803e000002"
"""A file that a search found."""

edits = st.lists(
    st.tuples(
        st.sampled_from(("overwrite", "insert", "delete", "cut", "repeat")),
        st.floats(0, 1),
        st.one_of(st.sampled_from(HUGE), st.binary(min_size=1, max_size=12)),
    ),
    min_size=1,
    max_size=5,
)


def damaged(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """Return ``data`` after some changes, each at a fraction of its length."""
    for how, where, what in changes:
        at = int(where * len(data))
        match how:
            case "overwrite":
                data = data[:at] + what + data[at + len(what) :]
            case "insert":
                data = data[:at] + what + data[at:]
            case "delete":
                data = data[:at] + data[at + len(what) :]
            case "cut":
                data = data[:at]
            case "repeat":
                data = data[:at] + data[at : at + 100] * 3 + data[at:]
    return data


@pytest.mark.parametrize("name", sorted(set(READERS) - {"cifar10", "npz"}))
def test_a_good_file_is_read(name, tmp_path):
    """Else the tests below would show nothing. Of ``cifar10`` only the authors' own files are good."""
    path = tmp_path / READERS[name].name
    path.write_bytes(GOOD[name])
    assert check(READERS[name], path)


@pytest.mark.parametrize("name", READERS)
@given(changes=edits)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(name, changes, tmp_path):
    path = tmp_path / READERS[name].name
    path.write_bytes(damaged(GOOD[name], changes))
    check(READERS[name], path)


@pytest.mark.parametrize("name", READERS)
@given(data=st.binary(max_size=300))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(name, data, tmp_path):
    path = tmp_path / READERS[name].name
    path.write_bytes(data)
    check(READERS[name], path)


def npy(shape: tuple[int, ...], body: bytes) -> bytes:
    """Return an array file whose header claims a shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue() + body


def archive(**arrays: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in arrays.items():
            packed.writestr(f"{name}.npy", data)
    return file.getvalue()


def test_a_shape_that_the_file_cannot_hold(tmp_path):
    """Nothing is allocated for it."""
    path = tmp_path / READERS["npz"].name
    path.write_bytes(archive(x=npy((10**6, 10**6), bytes(80)), y=npy((3,), bytes(24))))
    with pytest.raises(DataError, match=r"x\.npy says it has shape .* which \d+ bytes cannot hold"):
        load(str(path))
    check(READERS["npz"], path)


def test_a_long_message_of_another_library_is_cut(tmp_path):
    """The header of an entry names it by far too many letters."""
    whole = archive(x=npy((3,), bytes(24)))
    path = tmp_path / READERS["npz"].name
    at = whole.index(b"x.npy")
    path.write_bytes(whole[: at - 4] + (len(whole) - at - 60).to_bytes(2, "little") + whole[at - 2 :])
    with pytest.raises(DataError, match=r"\[\.\.\.\]"):
        load(str(path))
    assert not check(READERS["npz"], path)


def test_names_of_arrays_cannot_break_the_line(tmp_path):
    path = tmp_path / READERS["npz"].name
    path.write_bytes(archive(**{"x\n" + 500 * "z": npy((3,), bytes(24))}))
    with pytest.raises(DataError, match=r"lacks the arrays x, y; it holds x z"):
        load(str(path))
    assert not check(READERS["npz"], path)


def test_a_sound_whose_parts_lead_nowhere(tmp_path):
    """A size that is no multiple and points behind the end, after which the library raises an error without words."""
    path = tmp_path / READERS["wav"].name
    path.write_bytes(bytes.fromhex(ODD_SOUND))
    assert not check(READERS["wav"], path)


@pytest.mark.parametrize("name", ["npz", "idx-gz"])
def test_a_small_file_that_unpacks_to_much(name, tmp_path, monkeypatch):
    """A mebibyte stands for the gibibyte that is allowed."""
    monkeypatch.setattr("spikewright.data._files._ROOM", 2**20)
    zeros = bytes(2**24)
    path = tmp_path / READERS[name].name
    packer = zlib.compressobj(wbits=31)
    packed = {"npz": archive(x=npy((2**21, 1), zeros)), "idx-gz": packer.compress(zeros) + packer.flush()}
    path.write_bytes(packed[name])
    with pytest.raises(DataError, match=r"bytes unpack to more than 1048576; no honest file does"):
        READERS[name].read(path)


@pytest.mark.parametrize(
    ("layer", "arguments"),
    [
        ("layer1", {"in_channels": 10**6, "out_channels": 10**6, "kernel_size": [10**4, 10**4]}),
        ("layer3", {"in_features": 10**9, "out_features": 10**9}),
        ("layer3", {"in_features": 2**62, "out_features": 2**62}),
    ],
)
def test_a_layer_that_the_file_cannot_hold(layer, arguments, tmp_path):
    """The sizes of a layer must be those of its tensors, and are compared before any memory is taken for it."""
    path = tmp_path / READERS["model"].name
    path.write_bytes(GOOD["model"])
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    network = json.loads(header["network"])
    (described,) = [each["connection"] for each in network["layers"] if each["name"] == layer]
    described["arguments"] |= arguments
    save_file(tensors, path, {**header, "network": json.dumps(network)})
    assert not check(READERS["model"], path)
