"""Where data sets are looked for, and what is said when they are not there."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pooch
import pytest

from spikewright import data
from spikewright.checks import DataError
from spikewright.data._download import Download


def test_the_root_is_the_argument_then_the_variable_then_the_cache(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.setenv("SPIKEWRIGHT_DATA", str(tmp_path / "b"))
    assert data.data_root(tmp_path / "a") == tmp_path / "a"
    assert data.data_root() == tmp_path / "b"
    monkeypatch.delenv("SPIKEWRIGHT_DATA")
    assert data.data_root() == Path(pooch.os_cache("spikewright"))


def test_a_root_that_is_no_folder(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="typo: the data root is not a folder"):
        data.load("mnist", root=tmp_path / "typo")
    monkeypatch.setenv("SPIKEWRIGHT_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match=r"gone: the data root is not a folder\. Make it, or name another"):
        data.verify("mnist")


def test_a_set_that_is_not_there(tmp_path):
    """Without download the answer is what to run; a set that cannot be fetched names its page either way."""
    with pytest.raises(DataError, match=r"mnist: mnist is not there\. .*or run: spikewright data fetch mnist"):
        data.load("mnist", root=tmp_path, download=False)
    with pytest.raises(DataError, match=r"n-mnist-1k is not there\. .*or get it from https://www\.garrickorchard"):
        data.load("n-mnist-1k", root=tmp_path)
    with pytest.raises(DataError, match=r"cifar-10-batches-bin: cifar10 is not there"):
        data.verify("cifar10", root=tmp_path)


def test_a_folder_that_is_not_complete_is_not_completed_in_silence(tmp_path):
    (tmp_path / "mnist").mkdir()
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte\.gz: the file is missing.* spikewright data fetch mnist"
    ):
        data.load("mnist", root=tmp_path)


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    known = ", ".join(source.name for source in data.available())
    with pytest.raises(DataError, match=rf"mnits: neither a file or folder nor a known data set \({known}\)"):
        data.load("mnits", root=tmp_path)
    for call in (data.fetch, data.verify):
        with pytest.raises(DataError, match=f"mnits: no known data set; there are {known}"):
            call("mnits", root=tmp_path)


def test_every_known_set_says_what_it_is():
    """Names are unique; pages are addresses; what can be fetched has a checksum or says why not in its source."""
    sources = data.available()
    assert sources[0].name == "digits"
    assert len({source.name for source in sources}) == len(sources)
    for source in sources:
        assert source.title
        assert source.licence
        assert re.search(r"(19|20)\d\d|doi:", source.cite)
        assert source.page.startswith("http")
        assert source.kind in ("image", "sequence", "events")
        assert source.shipped or source.folders
        for download in source.downloads:
            assert all(url.startswith("http") for url in download.mirrors)
            assert re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|", download.checksum)
    assert [download.name for source in sources for download in source.downloads if not download.checksum] == [
        "fsdd.zip"
    ]


def test_a_data_set_can_be_sent_to_another_process():
    """The reader of the test part goes with it."""
    dataset = data.load("digits")
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.digests() == dataset.digests()
    assert copy.read_test().digest() == dataset.read_test().digest()


def test_fetching_what_is_there_does_nothing(tmp_path):
    """No mirror is asked, or this would fail without a network."""
    assert data.fetch("digits", root=tmp_path).name == "data"
    (tmp_path / "mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{name}-ubyte.gz").write_bytes(b"x")
    assert data.fetch("mnist", root=tmp_path) == tmp_path / "mnist"
    assert list(tmp_path.iterdir()) == [tmp_path / "mnist"]


def test_the_cache_is_made_when_it_is_first_needed(tmp_path, monkeypatch):
    """Nothing is there yet, not even the folder of the cache; what is fetched is then found."""
    monkeypatch.delenv("SPIKEWRIGHT_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    asked = []

    def bring(self, folder, *, page, progress):
        asked.append(self.name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / self.name).write_bytes(b"")

    monkeypatch.setattr(Download, "fetch", bring)
    with pytest.raises(DataError, match=r"spikewright/mnist/train-images-idx3-ubyte\.gz: the file is empty"):
        data.load("mnist")
    assert len(asked) == 4
    with pytest.raises(DataError, match="the file is empty"):
        data.load("mnist")
    assert len(asked) == 4


def test_a_home_directory_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "own.npz", x=np.zeros((20, 4)), y=np.arange(20) % 2)
    assert len(data.load("~/own.npz").train) == 14
