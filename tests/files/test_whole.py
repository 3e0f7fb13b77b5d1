"""Files are there whole, or as they were; what a killed writer leaves can be found and removed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

import spikewright as sw
from spikewright.files import remove_halves, write_whole
from spikewright.fitting import Checkpoint

NETWORK = """
layer = sw.Layer(torch.nn.Linear(3, 2), sw.LIF(tau_mem=0.02))
sw.exchange.save(sw.Network(sw.coding.Direct(steps=2), layer, sw.coding.SpikeCount(), dt=1e-3), path)
"""
# A process that the system ends in the midst of writing, as soon as a file would have more than 100 bytes.
KILLED = """
import resource, signal, sys
from pathlib import Path
{imports}

path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
{write}
"""
WRITERS = {
    "bytes": ("from spikewright.files import write_whole", "write_whole(path, bytes(1000))"),
    "checkpoint": (
        "import torch; from spikewright.fitting import Checkpoint",
        "Checkpoint(path, 'print').save({'v': torch.zeros(300)}, {})",
    ),
    "network": ("import torch, spikewright as sw", NETWORK),
}


def test_replaces_a_file_and_makes_its_folder(tmp_path):
    path = tmp_path / "new" / "folder" / "file.bin"
    for content in (b"first", b"", b"second, which is longer"):
        write_whole(path, content)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]


def test_others_may_read_what_the_user_lets_them(tmp_path):
    """Files have the permissions of any that the user writes, those of other libraries' formats too."""
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "bytes", b"x")
    Checkpoint(tmp_path / "checkpoint", "print").save({"v": torch.zeros(2)}, {})
    layer = sw.Layer(torch.nn.Linear(3, 2), sw.LIF(tau_mem=0.02))
    net = sw.Network(sw.coding.Direct(steps=2), layer, sw.coding.SpikeCount(), dt=1e-3)
    sw.exchange.save(net, tmp_path / "network")
    sw.exchange.export_nir(net, tmp_path / "nir")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes) == {"usual", "bytes", "checkpoint", "network", "nir"}
    assert set(modes.values()) == {modes["usual"]}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt("now")])
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, error):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(self: Path, target: Path) -> Path:
        raise error

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(type(error), match=r"No space left on device|now"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("writer", WRITERS)
def test_killed_writers_leave_only_halves_that_are_known(tmp_path, writer):
    """Whoever wrote, at whatever moment it was killed, one call clears what is left, and nothing of another file."""
    imports, write = WRITERS[writer]
    path, other = tmp_path / "file", tmp_path / "file2"
    path.write_bytes(b"old")
    other.write_bytes(b"of another")
    script = KILLED.format(imports=imports, write=write)
    result = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=False)
    assert result.returncode == -signal.SIGXFSZ, result.stderr
    left = set(tmp_path.iterdir()) - {path, other}
    assert len(left) == 1, left
    foreign = tmp_path / "file2.1-1.part"
    foreign.touch()
    remove_halves(path)
    assert set(tmp_path.iterdir()) == {path, other, foreign}
    assert path.read_bytes() == b"old"


def test_a_link_stays_and_a_pipe_is_written_to(tmp_path):
    """Only files are replaced: ``--out /dev/null`` must not make a file of it."""
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_whole(tmp_path / "link", b"through")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"through"
    os.mkfifo(tmp_path / "pipe")
    # Opened for both, so that the writer does not wait for a reader.
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        write_whole(tmp_path / "pipe", b"piped")
        assert os.read(pipe, 100) == b"piped"
    finally:
        os.close(pipe)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path, b"no file")


def test_writers_at_once_do_not_mix(tmp_path):
    """Threads that write one file leave that of one of them."""
    path = tmp_path / "file"
    contents = [bytes([number]) * 10**6 for number in range(8)]
    threads = [threading.Thread(target=write_whole, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]
