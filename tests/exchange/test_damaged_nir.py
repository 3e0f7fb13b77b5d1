"""A NIR file that is damaged, hostile or beyond what a network does is refused in one line, and costs no memory."""

from __future__ import annotations

import resource
from itertools import pairwise
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from spikewright.checks import ModelError
from spikewright.coding import Direct, SpikeCount
from spikewright.engines import run
from spikewright.exchange import Euler, export_nir, open_network
from spikewright.network import Delay, Layer, Network
from spikewright.neurons import IF, LIF, Integrator


@pytest.fixture
def path(tmp_path):
    """A good file."""
    torch.manual_seed(0)
    net = Network(
        Direct(steps=3),
        Layer(nn.Conv2d(1, 2, 3, padding="same"), LIF(tau_mem=0.02 + torch.rand(2, 4, 4))),
        Layer(nn.Flatten()),
        Layer(nn.Linear(32, 3), IF(), recurrent=nn.Linear(3, 3, bias=False)),
        Layer(Delay(1)),
        SpikeCount(),
        dt=1e-3,
    )
    export_nir(net, tmp_path / "net.nir", sample=(1, 4, 4), notes={"data": "digits"})
    return tmp_path / "net.nir"


def refusal(path: Path, **options: object) -> str:
    """Return the message, which must be one line that names the file."""
    with pytest.raises(ModelError) as caught:
        open_network(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 700
    return message


def graph_of(*nodes: nir.NIRNode, shape: tuple[int, ...] = (2,)) -> nir.NIRGraph:
    """Return a chain from an input of a shape to an output."""
    named = {"in": nir.Input(np.array(shape)), **{f"n{k}": node for k, node in enumerate(nodes)}}
    named["out"] = nir.Output(np.array(shape))
    names = list(named)
    return nir.NIRGraph(named, list(pairwise(names)), type_check=False)


def lif(**changed: object) -> nir.LIF:
    values = {"tau": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changed
    return nir.LIF(**{name: np.asarray(value, dtype=np.float64) for name, value in values.items()})


ONES = np.ones(2)
NODES = {
    "tau": (lif(tau=0.0), r"node 'n0' \(LIF\): tau must be > 0; got 0"),
    "short": (lif(tau=5e-5), r"a time constant of 5e-05 is shorter than a step of 0.0001; give a smaller dt"),
    "r": (lif(r=-1.0), r"node 'n0' \(LIF\): r must be > 0; it makes an input of 1 add -0.005 to the potential"),
    "nan": (lif(v_threshold=np.nan), r"v_threshold must be finite numbers"),
    "shape": (
        lif(**dict.fromkeys(("tau", "r", "v_leak", "v_threshold", "v_reset"), np.ones(3))),
        r"shape \(3,\), its input",
    ),
    "leak": (nir.LI(ONES, ONES, ONES), r"node 'n0' \(LI\): v_leak must be 0 where nothing fires"),
    "wide": (
        nir.Linear(np.ones((2, 3))),
        r"node 'n0' \(Linear\): takes 3 values in a row; it receives",
    ),
    "bias": (nir.Affine(np.ones((2, 2)), np.ones(3)), r"bias has shape \(3,\); it must be \(2,\)"),
    "text": (nir.Scale(np.array([[1.0, 2.0, 3.0]])), r"node 'n0' \(Scale\): does not take samples of shape \(2,\)"),
    "delay": (nir.Delay(np.array([1e-4, 2.5e-4])), r"a delay of 0.00025 is no whole number of steps of 0.0001"),
    "past": (nir.Delay(np.array([-1e-4, 0.0])), r"a delay of -0.0001 is no whole number"),
}


@pytest.mark.parametrize("name", NODES)
def test_nodes_that_no_network_has(name, tmp_path):
    node, message = NODES[name]
    nir.write(tmp_path / "net.nir", graph_of(node), compression=None)
    with pytest.raises(ModelError, match=message):
        open_network(tmp_path / "net.nir")
    refusal(tmp_path / "net.nir")


WINDOWS = {
    "groups": ({"groups": 3}, r"2 channels cannot be split into 3 groups"),
    "stride": ({"stride": (0, 1)}, r"stride must be >= 1; got 0"),
    "padding": ({"padding": (1 << 30, 0)}, r"padding must not be wider than the kernel, \(3, 3\); got"),
    "dilation": ({"dilation": 1 << 28}, r"does not take samples of shape \(1, 6, 6\)"),
    "half": ({"stride": (1.5, 1)}, r"stride must be a whole number; got 1.5"),
    "bias": ({"bias": np.ones(5)}, r"bias has 5 values for 2 channels"),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_convolutions_that_do_nothing_defined(name, tmp_path):
    changed, message = WINDOWS[name]
    values = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "bias": np.ones(2)} | changed
    graph = graph_of(nir.Conv2d(input_shape=None, weight=np.ones((2, 1, 3, 3)), **values), shape=(1, 6, 6))
    graph.nodes["n0"].input_shape = (6, 6)
    nir.write(tmp_path / "net.nir", graph, compression=None)
    with pytest.raises(ModelError, match=message):
        open_network(tmp_path / "net.nir")


def rewire(path: Path, change) -> None:
    with h5py.File(path, "r+") as file:
        change(file["node"])


def put(group, name, value):
    del group[name]
    group[name] = value


GRAPHS = {
    "type": (lambda g: put(g["nodes/layer1"], "type", "Bomb"), r"node 'layer1': NIR has no node of type 'Bomb'"),
    "missing": (lambda g: g["nodes/layer1"].__delitem__("tau"), r"node 'layer1': no LIF: TypeError"),
    "more": (lambda g: g["nodes/layer1"].create_dataset("x", data=1), r"node 'layer1': no LIF: TypeError"),
    "edge": (
        lambda g: put(g, "edges", [["input", "nowhere"]]),
        r"edge .*: there is no node 'nowhere'",
    ),
    "triples": (lambda g: put(g, "edges", [["a", "b", "c"]]), r"edges: must be pairs of names"),
    "no output": (lambda g: g["nodes"].__delitem__("output"), r"there is no node 'output'|has 0 nodes of type Output"),
    "no graph": (lambda g: put(g, "type", "LIF"), r"the outermost node is no NIRGraph"),
    "notes": (lambda g: put(g["metadata"], "notes", "{"), r"its notes is damaged|its notes are damaged"),
    "dt": (lambda g: put(g["metadata"], "dt", "fast"), r"its dt is no number: 'fast'"),
    "encoder": (lambda g: put(g["metadata"], "encoder", '{"class": "os", "fields": {}}'), r"has no class 'os'"),
    "start": (
        lambda g: put(g["nodes/layer3/metadata"], "v_start", np.ones(9)),
        r"v_start must be numbers",
    ),
    "w_in": (
        lambda g: g["nodes/layer3"].create_dataset("w_in", data=np.ones((1, 50))),
        r"node 'layer3': w_in has shape \(1, 50\)",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_that_were_changed(name, path):
    change, message = GRAPHS[name]
    rewire(path, change)
    with pytest.raises(ModelError, match=message):
        open_network(path)
    refusal(path)


def test_loops_that_no_layer_has(tmp_path):
    weight = np.eye(2)
    nodes = {
        "in": nir.Input(np.array([2])),
        "a": nir.Linear(weight),
        "b": lif(),
        "c": lif(),
        "out": nir.Output(np.array([2])),
    }
    edges = [("in", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "out")]
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, edges, type_check=False), compression=None)
    assert "form a loop; a network feeds back from a neuron node through one" in refusal(tmp_path / "net.nir")
    nodes |= {"d": nir.Linear(weight)}
    edges = [("in", "b"), ("b", "b"), ("b", "d"), ("d", "b"), ("b", "out")]
    nir.write(tmp_path / "net.nir", nir.NIRGraph(nodes, edges, type_check=False), compression=None)
    assert "node 'b': is fed back through 'b' and 'd'; one way is possible" in refusal(tmp_path / "net.nir")


def test_sizes_are_checked_before_anything_is_allocated(path):
    """Data sets of a terabyte that were never written, and one that is packed 1000 to 1 many times over."""

    def claim(group):
        del group["nodes/layer1/tau"]
        group["nodes/layer1"].create_dataset("tau", shape=(1 << 37,), dtype="f8", chunks=(1 << 20,), compression="gzip")

    rewire(path, claim)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "node/nodes/layer1/tau: claims 1099511627776 bytes, more than the file can hold" in refusal(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("shape", [(1 << 14, 1 << 14), (0, 3), (-1,)])
def test_inputs_that_no_network_takes(shape, tmp_path):
    graph = graph_of(lif(), shape=(2,))
    graph.nodes["in"].input_type["input"] = np.array(shape)
    nir.write(tmp_path / "net.nir", graph, compression=None)
    assert "node 'in': " in refusal(tmp_path / "net.nir")


def test_links_and_filters_lead_nowhere(path, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["tau"] = np.ones((2, 4, 4))

    def link(group):
        del group["nodes/layer1/tau"]
        group["nodes/layer1/tau"] = h5py.ExternalLink(str(secret), "tau")

    rewire(path, link)
    assert "node/nodes/layer1/tau: is a link to elsewhere" in refusal(path)

    def circle(group):
        put(group["nodes/layer1"], "tau", 1.0)
        group["nodes/circle"] = group["nodes"]

    with h5py.File(path, "r+") as file:
        del file["node/nodes/layer1/tau"]
        file["node/nodes/layer1/tau"] = 1.0
        file["node/nodes/circle"] = file["node/nodes"]
    assert "groups are nested more than 32 deep" in refusal(path) or "claims to hold more" in refusal(path)


def test_external_and_odd_data(path, tmp_path):
    (tmp_path / "raw").write_bytes(b"\x00" * 256)

    def external(group):
        del group["nodes/layer1/tau"]
        group["nodes/layer1"].create_dataset(
            "tau", shape=(2, 4, 4), dtype="f8", external=[(str(tmp_path / "raw"), 0, 256)]
        )

    rewire(path, external)
    assert "its data are in another file" in refusal(path)
    rewire(path, lambda g: put(g["nodes/layer1"], "tau", np.ones(2, dtype="c16")))
    assert "holds neither numbers nor text" in refusal(path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_truncated(part, path):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    refusal(path)


def test_other_files(path, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    assert "has no group 'node', so it is no network" in refusal(tmp_path / "other.h5")
    assert "no such file" in refusal(tmp_path / "none.nir")
    (tmp_path / "text.nir").write_text("a graph")
    assert "not a readable model file" in refusal(tmp_path / "text.nir")


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes(path, data):
    """A file with changed bytes is refused or gives a network; nothing else is raised."""
    good = path.read_bytes()
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    other = path.with_name("flipped.nir")
    other.write_bytes(content)
    try:
        assert isinstance(open_network(other), Network)
    except ModelError:
        refusal(other)


def test_integrators_and_thresholds_are_expressed(tmp_path):
    """LI, CubaLI, I and Threshold by hand, with the forward Euler method at 0.1 ms."""
    half = np.full(2, 2e-4)
    cases = [
        (nir.LI(half, np.full(2, 2.0), np.zeros(2)), [1.0, 1.5, 1.75]),
        (nir.CubaLI(half, half, np.full(2, 4.0), np.zeros(2), np.full(2, 2.0)), [2.0, 4.0, 5.5]),
        (nir.I(np.full(2, 5e3)), [0.5, 1.0, 1.5]),
        (nir.Threshold(np.full(2, 0.75)), [1.0, 1.0, 1.0]),
        (nir.Threshold(np.full(2, 1.0)), [0.0, 0.0, 0.0]),
    ]
    for node, expected in cases:
        nir.write(tmp_path / "net.nir", graph_of(node), compression=None)
        net = open_network(tmp_path / "net.nir", steps=3, convention=Euler())
        activity = run(net, torch.ones(1, 2), rasters=True)
        torch.testing.assert_close(activity.rasters[net.last][:, 0, 0], torch.tensor(expected))
    assert isinstance(net.layers["n0"].neuron, LIF)
    assert not any(isinstance(layer.neuron, Integrator) for layer in net.layers.values())
