"""Fetching from a server on this machine: mirrors in turn, contents checked, nothing kept that is not whole."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import os
import tarfile
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikewright.checks import DataError
from spikewright.data._cifar10 import CIFAR10
from spikewright.data._download import ArchiveDownload, FileDownload
from spikewright.data._load import fetch_source
from spikewright.data._mnist import MNIST, NAMES, idx_downloads
from spikewright.data._nmnist import N_MNIST_1K

CONTENTS = {name: f"contents of {name}".encode() * 5000 for name in NAMES}
CHECKSUMS = tuple("sha256:" + hashlib.sha256(content).hexdigest() for content in CONTENTS.values())


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files quietly; sends half of what it promises for names that begin with ``half``."""

    def log_message(self, *args):
        pass

    def copyfile(self, source, outputfile):
        content = source.read()
        half = Path(self.path).name.startswith("half")
        outputfile.write(content[: len(content) // 2] if half else content)


@pytest.fixture
def served(tmp_path):
    """A folder, and the address under which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


DEAD = "http://127.0.0.1:9/"


def serve_mnist(folder: Path):
    for name, content in CONTENTS.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))


def source_from(*bases):
    return replace(MNIST, checksums=CHECKSUMS, downloads=idx_downloads(CHECKSUMS, *bases))


def listing(root: Path):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


ALL_FOUR = sorted(["mnist", *(f"mnist/{name}.gz" for name in NAMES)])


@pytest.mark.parametrize("dead_first", [False, True])
def test_files_come_from_the_first_mirror_that_lives(tmp_path, served, dead_first):
    folder, address = served
    serve_mnist(folder)
    root = tmp_path / "root"
    source = source_from(*([DEAD] if dead_first else []), address)
    assert fetch_source(source, root) == root / "mnist"
    assert listing(root) == ALL_FOUR
    for name, content in CONTENTS.items():
        assert gzip.decompress((root / "mnist" / f"{name}.gz").read_bytes()) == content


def test_only_what_is_missing_is_fetched(tmp_path, served):
    folder, address = served
    serve_mnist(folder)
    mine = tmp_path / "mnist" / NAMES[0]
    mine.parent.mkdir()
    mine.write_bytes(b"mine, not compressed")
    (folder / f"{NAMES[0]}.gz").unlink()
    fetch_source(source_from(address), tmp_path)
    assert mine.read_bytes() == b"mine, not compressed"
    assert not mine.with_suffix(".gz").exists()
    assert all((tmp_path / "mnist" / f"{name}.gz").exists() for name in NAMES[1:])


def test_a_transfer_that_decompresses_is_understood(tmp_path, served):
    """Some servers declare the compression as that of the transfer, and the file arrives decompressed."""
    folder, address = served
    for name, content in CONTENTS.items():
        (folder / f"{name}.gz").write_bytes(content)
    fetch_source(source_from(address), tmp_path)
    assert (tmp_path / "mnist" / NAMES[0]).read_bytes() == CONTENTS[NAMES[0]]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: gzip.compress(content[:-1] + b"!"), "its contents are not those that were published"),
        (lambda content: gzip.compress(content)[:-10], "truncated or damaged; it cannot be decompressed"),
        (lambda content: b"<html>moved</html>", "its contents are not those that were published"),
        (lambda content: b"", "its contents are not those that were published"),
    ],
)
def test_wrong_contents_are_refused_and_not_kept(tmp_path, served, damage, message):
    folder, address = served
    serve_mnist(folder)
    bad = folder / f"{NAMES[1]}.gz"
    bad.write_bytes(damage(CONTENTS[NAMES[1]]))
    root = tmp_path / "root"
    with pytest.raises(DataError, match=message) as caught:
        fetch_source(source_from(address), root)
    assert str(caught.value).startswith(f"{root / 'mnist' / NAMES[1]}.gz: could not be fetched: {address}")
    assert str(caught.value).endswith(f"fetch it by hand from {MNIST.page} into {root / 'mnist'}.")
    assert "\n" not in str(caught.value)
    # The file before it is whole and stays; nothing else does.
    assert listing(root) == ["mnist", f"mnist/{NAMES[0]}.gz"]


def test_a_second_mirror_replaces_wrong_contents(tmp_path, served):
    folder, address = served
    serve_mnist(folder)
    (folder / "stale").mkdir()
    for name in NAMES:
        (folder / "stale" / f"{name}.gz").write_bytes(gzip.compress(b"an older version"))
    fetch_source(source_from(f"{address}stale/", address), tmp_path / "root")
    assert listing(tmp_path / "root") == ALL_FOUR


def test_a_transfer_that_breaks_off_leaves_nothing(tmp_path, served):
    folder, address = served
    (folder / "half.gz").write_bytes(gzip.compress(os.urandom(100_000)))
    download = FileDownload(name="half.gz", mirrors=(f"{address}half.gz", f"{DEAD}half.gz"), checksum="sha256:0")
    with pytest.raises(
        DataError,
        match=r"half\.gz: could not be fetched: .*half\.gz \(ChunkedEncodingError\); .*half\.gz \(ConnectionError\)\.",
    ) as caught:
        download.fetch(tmp_path / "root" / "set", page="the page", progress=None)
    assert "\n" not in str(caught.value)
    assert listing(tmp_path / "root") == []


def test_a_mirror_that_lacks_the_file_says_so(tmp_path, served):
    _, address = served
    with pytest.raises(DataError, match=r"\(404 Client Error: File not found\)\. Try again later"):
        fetch_source(source_from(address), tmp_path)


def test_progress_is_told(tmp_path, served):
    """Bytes that have come never fall, and end at the size of the file."""
    folder, address = served
    serve_mnist(folder)
    (folder / f"{NAMES[0]}.gz").write_bytes(gzip.compress(CONTENTS[NAMES[0]], 0))
    told = []
    fetch_source(source_from(address), tmp_path, lambda *step: told.append(step))
    for name in NAMES:
        size = (folder / f"{name}.gz").stat().st_size
        steps = [(done, total) for told_name, done, total in told if told_name == f"{name}.gz"]
        assert steps == sorted(steps)
        assert steps[-1] == (size, size)
    assert len([step for step in told if step[0] == f"{NAMES[0]}.gz"]) > 50


def zipped(**files):
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("__", "/"), content)
        return buffer.getvalue()


def archive_from(address, content, *, keep=(("top/recordings", "recordings"),), checksum=None):
    md5 = "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ArchiveDownload(
        name="set.zip", mirrors=(f"{address}set.zip",), checksum=md5 if checksum is None else checksum, keep=keep
    )


def test_an_archive_is_unpacked_and_one_folder_kept(tmp_path, served):
    folder, address = served
    content = zipped(top__recordings__1="one", top__recordings__2="two", top__readme="not kept")
    (folder / "set.zip").write_bytes(content)
    download = archive_from(address, content)
    assert not download.there(tmp_path / "set")
    download.fetch(tmp_path / "set", page="the page", progress=None)
    assert download.there(tmp_path / "set")
    assert listing(tmp_path / "set") == ["recordings", "recordings/1", "recordings/2"]
    assert (tmp_path / "set" / "recordings" / "2").read_text() == "two"
    assert listing(tmp_path) == [
        "served",
        "served/set.zip",
        "set",
        *(f"set/{name}" for name in listing(tmp_path / "set")),
    ]


@pytest.mark.parametrize("checksum", ["md5:0", ""])
def test_a_damaged_archive_leaves_nothing(tmp_path, served, checksum):
    """With a published checksum, and without one, where the archive's own sums must tell."""
    folder, address = served
    content = bytearray(zipped(top__recordings__1="one" * 100))
    content[content.index(b"oneone")] ^= 1
    (folder / "set.zip").write_bytes(bytes(content))
    message = "not those that were published" if checksum else r"no whole archive \(Bad CRC-32"
    with pytest.raises(DataError, match=message):
        archive_from(address, bytes(content), checksum=checksum).fetch(tmp_path / "set", page="the page", progress=None)
    assert listing(tmp_path) == ["served", "served/set.zip"]


def test_an_archive_of_something_else(tmp_path, served):
    folder, address = served
    for content, message in (
        (zipped(other="1"), "the archive does not hold top/recordings"),
        (b"<html>moved</html>", "no whole archive"),
    ):
        (folder / "set.zip").write_bytes(content)
        with pytest.raises(DataError, match=message):
            archive_from(address, content).fetch(tmp_path / "set", page="the page", progress=None)
    assert listing(tmp_path) == ["served", "served/set.zip"]


def test_cifar_comes_from_a_tar_archive(tmp_path, served):
    """The six batches of the archive land in the folder that the reader looks into, and can be read."""
    folder, address = served
    batch = np.zeros((10, 3073), np.uint8)
    batch[:, 0] = np.arange(10)
    with tarfile.open(folder / "cifar.tar.gz", "w:gz") as archive:
        for path in CIFAR10.files(Path("cifar-10-batches-bin")):
            entry = tarfile.TarInfo(str(path))
            entry.size = batch.nbytes
            archive.addfile(entry, io.BytesIO(batch.tobytes()))
    checksum = "md5:" + hashlib.md5((folder / "cifar.tar.gz").read_bytes(), usedforsecurity=False).hexdigest()
    (download,) = CIFAR10.downloads
    download = replace(download, mirrors=(f"{address}cifar.tar.gz",), checksum=checksum)
    content = "md5:" + hashlib.md5(batch.tobytes(), usedforsecurity=False).hexdigest()
    source = replace(CIFAR10, downloads=(download,), checksums=(content,) * 6, held_out=10)
    home = fetch_source(source, tmp_path / "root")
    assert len(source.read(home, seed=0).train) == 40


def test_a_root_that_cannot_be_written(tmp_path):
    """A file where the root should be; the right to write cannot be taken from a superuser in a test."""
    root = tmp_path / "file"
    root.write_text("")
    with pytest.raises(
        DataError, match=r"cannot be written .* Name another data root with --data-root or SPIKEWRIGHT_DATA"
    ):
        fetch_source(source_from(DEAD), root)


def test_what_cannot_be_fetched_says_where_to_get_it(tmp_path):
    with pytest.raises(
        DataError, match=r"n-mnist-1k cannot be fetched\. Get it by hand from https://.* into that folder"
    ):
        fetch_source(N_MNIST_1K, tmp_path)
