"""The known data sets, hand-made and tiny: what is read, what stays closed, and what each damage is called."""

from __future__ import annotations

import gzip
import hashlib
import re
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spikewright import data
from spikewright.checks import DataError
from spikewright.data._cifar10 import CIFAR10
from spikewright.data._digits import DIGITS
from spikewright.data._fsdd import FSDD
from spikewright.data._mnist import MNIST, NAMES
from spikewright.data._nmnist import N_MNIST, N_MNIST_1K

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 256, (40, 5, 6), np.uint8)
DIGITS_OF = (np.arange(40) % 10).astype(np.uint8)


def idx(values):
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes() + values.tobytes()


def sha(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def md5(content):
    return "md5:" + hashlib.md5(content, usedforsecurity=False).hexdigest()


def tiny_mnist(folder: Path, *, compress=True, swap=None):
    """Write 30 training and 10 test images; ``swap`` replaces contents, and checksums are of what is written."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = (PIXELS[:30], DIGITS_OF[:30], PIXELS[30:], DIGITS_OF[30:])
    contents = {name: idx(values) for name, values in zip(NAMES, parts, strict=True)} | (swap or {})
    for name, content in contents.items():
        path = folder / (f"{name}.gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)
    return replace(MNIST, checksums=tuple(sha(contents[name]) for name in NAMES), held_out=10)


def forbid_opening(monkeypatch, forbidden):
    """Fail when a file of the test part is opened."""
    real = Path.read_bytes

    def guarded(path):
        assert not forbidden(path), f"{path} was opened before read_test"
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", guarded)


@pytest.mark.parametrize("compress", [True, False])
def test_idx_values_and_parts(tmp_path, compress):
    """Pixels are divided by 255; every training image is in one of two parts, each class in proportion."""
    dataset = tiny_mnist(tmp_path, compress=compress).read(tmp_path, seed=0)
    assert dataset.shape == data.DataShape((1, 5, 6), 20, 10, "image")
    assert dataset.train.x.dtype == np.float32
    assert dataset.train.y.dtype == np.int64
    assert np.bincount(dataset.validation.y).tolist() == [1] * 10
    both = np.concatenate([dataset.train.x, dataset.validation.x])
    order = np.lexsort(both.reshape(30, -1).T)
    expected = PIXELS[:30, None] / np.float32(255)
    np.testing.assert_array_equal(both[order], expected[np.lexsort(expected.reshape(30, -1).T)])
    for image, label in zip(dataset.train.x, dataset.train.y, strict=True):
        source = np.flatnonzero((expected == image).all((1, 2, 3)))
        assert DIGITS_OF[source] == [label]
    test = dataset.read_test()
    np.testing.assert_array_equal(test.x, PIXELS[30:, None] / np.float32(255))
    np.testing.assert_array_equal(test.y, DIGITS_OF[30:])


def test_the_seed_moves_the_validation_part_only(tmp_path):
    source = tiny_mnist(tmp_path)
    first, again, other = (source.read(tmp_path, seed=seed) for seed in (3, 3, 4))
    assert first.digests() == again.digests()
    assert first.digests()["validation"] != other.digests()["validation"]
    assert first.read_test().digest() == other.read_test().digest()


def test_mnist_test_files_stay_closed(tmp_path, monkeypatch):
    """They must be there when the data set is loaded, but are opened by ``read_test`` only."""
    source = tiny_mnist(tmp_path)
    with monkeypatch.context() as patch:
        forbid_opening(patch, lambda path: path.name.startswith("t10k"))
        dataset = source.read(tmp_path, seed=0)
        with pytest.raises(AssertionError, match="was opened before"):
            dataset.read_test()
    assert len(dataset.read_test()) == 10
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        DataError, match=r"t10k-labels-idx1-ubyte\.gz: the file is missing.*spikewright data fetch mnist"
    ):
        source.read(tmp_path, seed=0)


IMAGES, LABELS = NAMES[:2]
DAMAGES = {
    "labels for images": (IMAGES, idx(DIGITS_OF[:30]), "holds labels where images are expected"),
    "images for labels": (LABELS, idx(PIXELS[:30]), "holds images where labels are expected"),
    "other file": (IMAGES, b"\x89PNG\r\n", "not an IDX file of bytes; it should begin with 00 00 08, not 89 50 4e"),
    "header cut": (IMAGES, idx(PIXELS[:30])[:9], "truncated; it ends within its header"),
    "body cut": (IMAGES, idx(PIXELS[:30])[:-1], "truncated; its header announces 900 bytes and 899 follow"),
    "too long": (LABELS, idx(DIGITS_OF[:30]) + b"\0", "damaged; its header announces 30 bytes and 31 follow"),
    "count": (LABELS, idx(DIGITS_OF[:29]), f"holds 29 labels, but {IMAGES}.gz holds 30 images"),
    "label": (
        LABELS,
        idx(np.where(np.arange(30) == 12, 11, DIGITS_OF[:30]).astype(np.uint8)),
        "12 is labelled 11; labels",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_idx_file_is_named(tmp_path, damage):
    name, content, message = DAMAGES[damage]
    source = tiny_mnist(tmp_path, swap={name: content})
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        source.read(tmp_path, seed=0)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert_one_line(caught)


RAW_DAMAGES = {
    "empty": (lambda raw: b"", "the file is empty"),
    "gzip cut": (lambda raw: raw[:-20], "truncated or damaged; it cannot be decompressed"),
    "gzip flipped": (lambda raw: raw[:40] + bytes([raw[40] ^ 255]) + raw[41:], "truncated or damaged; it cannot be"),
    "not gzip": (gzip.decompress, "not a gzip file, though its name ends with .gz"),
}


@pytest.mark.parametrize("damage", RAW_DAMAGES)
def test_a_bad_gzip_file_is_named(tmp_path, damage):
    change, message = RAW_DAMAGES[damage]
    source = tiny_mnist(tmp_path)
    path = tmp_path / f"{IMAGES}.gz"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        source.read(tmp_path, seed=0)
    assert str(path) in str(caught.value)
    assert_one_line(caught)


def test_one_changed_pixel_is_found(tmp_path):
    """Form and labels are right, but the file is not the published one."""
    source = tiny_mnist(tmp_path)
    path = tmp_path / f"{IMAGES}.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[100] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match="its contents are not those that were published"):
        source.read(tmp_path, seed=0)
    verdicts = source.verify(tmp_path)
    assert [verdict.path.name.removesuffix(".gz") for verdict in verdicts] == list(NAMES)
    assert ["published" in verdict.problem for verdict in verdicts] == [True, False, False, False]
    assert [bool(verdict.problem) for verdict in verdicts] == [True, False, False, False]


def test_verify_names_a_missing_file_and_checks_the_others(tmp_path):
    source = tiny_mnist(tmp_path)
    (tmp_path / f"{LABELS}.gz").unlink()
    problems = [verdict.problem for verdict in source.verify(tmp_path)]
    assert "the file is missing" in problems[1]
    assert [problems[i] for i in (0, 2, 3)] == ["", "", ""]


def tiny_cifar(folder: Path, change=lambda number, batch: batch.tobytes()):
    """Write six batches of ten records."""
    checksums = []
    for number, path in enumerate(CIFAR10.files(folder)):
        batch = RNG.integers(0, 256, (10, 3073), np.uint8)
        batch[:, 0] = np.arange(10)
        content = change(number, batch)
        path.write_bytes(content)
        checksums.append(md5(content))
    return replace(CIFAR10, checksums=tuple(checksums), held_out=10)


def test_cifar_values(tmp_path):
    """A record is a label, then the planes of red, green and blue, row by row."""
    source = tiny_cifar(tmp_path)
    dataset = source.read(tmp_path, seed=0)
    assert dataset.shape == data.DataShape((3, 32, 32), 40, 10, "image")
    test = dataset.read_test()
    record = np.frombuffer((tmp_path / "test_batch.bin").read_bytes(), np.uint8).reshape(10, 3073)[4]
    assert test.y[4] == record[0]
    assert test.x[4, 1, 2, 3] == np.float32(record[1 + 1024 + 2 * 32 + 3]) / np.float32(255)


def test_cifar_test_batch_stays_closed(tmp_path, monkeypatch):
    source = tiny_cifar(tmp_path)
    forbid_opening(monkeypatch, lambda path: path.name == "test_batch.bin")
    source.read(tmp_path, seed=0)


def mislabelled(number, batch):
    batch[3, 0] = 10 if number == 2 else 3
    return batch.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda number, batch: batch.tobytes()[:-1],
            r"data_batch_1\.bin: truncated or no batch of CIFAR-10; 30729 bytes",
        ),
        (mislabelled, r"data_batch_3\.bin: sample 3 is labelled 10; labels must be 0 to 9"),
        (lambda number, batch: b"", r"data_batch_1\.bin: the file is empty"),
    ],
)
def test_a_bad_cifar_batch_is_named(tmp_path, change, message):
    source = tiny_cifar(tmp_path, change)
    with pytest.raises(DataError, match=message) as caught:
        source.read(tmp_path, seed=0)
    assert_one_line(caught)


def test_a_changed_cifar_batch_is_found(tmp_path):
    source = tiny_cifar(tmp_path)
    path = tmp_path / "data_batch_5.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    source = replace(source, checksums=(*source.checksums[:4], "md5:0123", source.checksums[5]))
    with pytest.raises(DataError, match=r"data_batch_5\.bin: damaged or another file.*should be 0123"):
        source.read(tmp_path, seed=0)


def forty_bits(*events):
    """Write (column, row, polarity, time in us) as the authors of N-MNIST do."""
    return b"".join(bytes([x, y]) + ((polarity << 23) | time).to_bytes(3, "big") for x, y, polarity, time in events)


def tiny_n_mnist(folder: Path):
    """Write three training recordings and one for test of each digit."""
    for digit in range(10):
        for part, numbers in (("Train", range(3)), ("Test", range(1))):
            (folder / part / str(digit)).mkdir(parents=True, exist_ok=True)
            for number in numbers:
                path = folder / part / str(digit) / f"{10 * number + digit:05d}.bin"
                path.write_bytes(forty_bits((digit, 33, 1, 100 + number), (33, digit, 0, 5_000_000)))
    return replace(N_MNIST_1K, counts=(30, 10), held_out=10)


def test_n_mnist_events(tmp_path):
    """An event is addressed by (polarity, row, column); times come in seconds; recordings follow their numbers."""
    dataset = tiny_n_mnist(tmp_path).read(tmp_path, seed=1)
    assert dataset.shape == data.DataShape((2, 34, 34), 20, 10, "events")
    assert np.bincount(dataset.validation.y).tolist() == [1] * 10
    test = dataset.read_test()
    assert test.y.tolist() == list(range(10))
    recording = test.x[7]
    assert [np.unravel_index(address, (2, 34, 34)) for address in recording.addresses] == [(1, 33, 7), (0, 7, 33)]
    np.testing.assert_allclose(recording.times, [100e-6, 5.0], rtol=1e-12)
    assert recording.duration == pytest.approx(5.000001, rel=1e-12)


def test_n_mnist_overflow_moves_the_clock(tmp_path):
    """Row 240 marks that the clock went over by 8,192 us; it is no event itself. Events out of order are sorted."""
    source = tiny_n_mnist(tmp_path)
    path = tmp_path / "Test" / "0" / "00000.bin"
    path.write_bytes(forty_bits((1, 2, 0, 90), (0, 240, 0, 0), (3, 4, 1, 10), (5, 6, 1, 5)))
    recording = source.read(tmp_path, seed=0).read_test().x[0]
    np.testing.assert_allclose(recording.times * 1e6, [90, 8197, 8202], rtol=1e-12)
    assert recording.addresses.tolist() == [2 * 34 + 1, (34 + 6) * 34 + 5, (34 + 4) * 34 + 3]


def test_n_mnist_recordings_stay_closed(tmp_path, monkeypatch):
    """Of 70,000 recordings only those are read that are asked for: parts of parts are none yet."""
    dataset = tiny_n_mnist(tmp_path).read(tmp_path, seed=0)
    first, second = dataset.train.x[:2]
    forbid_opening(monkeypatch, lambda path: path.suffix == ".bin")
    assert len(dataset.train.x[3:7]) == 4
    assert len(dataset.read_test()) == 10
    monkeypatch.undo()
    part = dataset.train.x[1:3]
    assert (part[0].times == second.times).all()
    assert (part[-1].addresses == dataset.train.x[2].addresses).all()
    assert len(first) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (forty_bits((1, 1, 1, 1))[:-1], "truncated or no file of 40-bit events; 4 bytes are no multiple of 5"),
        (
            forty_bits((1, 1, 1, 1), (34, 2, 0, 2)),
            "event 1 at column 34, row 2 is off the sensor of 34 columns and 34 rows",
        ),
        (forty_bits((0, 240, 0, 0)), "holds no events"),
    ],
)
def test_a_bad_recording_is_named(tmp_path, content, message):
    """When it is asked for; finding the others opens none."""
    source = tiny_n_mnist(tmp_path)
    path = tmp_path / "Train" / "4" / "00014.bin"
    path.write_bytes(content)
    dataset = source.read(tmp_path, seed=0)
    with pytest.raises(DataError, match=re.escape(f"{path}: {message}")) as caught:
        dataset.digests()
    assert_one_line(caught)
    assert [verdict.path for verdict in source.verify(tmp_path) if verdict.problem] == [path]


def test_a_part_of_n_mnist_never_passes_for_the_whole(tmp_path):
    tiny_n_mnist(tmp_path)
    with pytest.raises(DataError, match=r"Train: holds 30 recordings .* but n-mnist has 60,000\. Unpack Train\.zip"):
        N_MNIST.read(tmp_path, seed=0)
    assert "but n-mnist has 60,000" in N_MNIST.verify(tmp_path)[0].problem


def write_wav(path: Path, samples, *, rate=8000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def tone(hertz, seconds=0.3, rate=8000):
    return np.round(8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))


def tiny_fsdd(folder: Path):
    """One speaker, twelve takes of each digit, each digit a tone of its own."""
    source = replace(FSDD, speakers=("ada",), takes=12, cochlea=data.Cochlea(channels=8, frames=20))
    (folder / "recordings").mkdir(parents=True)
    for path in source.files(folder):
        digit, _, take = path.stem.split("_")
        write_wav(path, tone(300 * (int(digit) + 1), 0.05 + 0.01 * int(take)))
    return source


def test_fsdd_parts_follow_the_official_indices(tmp_path):
    """Index 0-4 is for test, 5-9 for validation, the rest for training, whatever the seed."""
    source = tiny_fsdd(tmp_path)
    dataset = source.read(tmp_path, seed=0)
    assert dataset.shape == data.DataShape((1, 20, 8), 20, 10, "sequence")
    assert (len(dataset.validation), len(dataset.read_test())) == (50, 50)
    assert dataset.digests() == source.read(tmp_path, seed=5).digests()
    assert dataset.train.y.tolist() == [*range(10), *range(10)]
    sound = np.frombuffer((tmp_path / "recordings" / "6_ada_10.wav").read_bytes()[44:], "<i2").astype(float)
    np.testing.assert_array_equal(dataset.train.x[6, 0], source.cochlea(sound))


def test_fsdd_test_recordings_stay_closed(tmp_path):
    """Test recordings that are there but damaged are found by ``read_test``, not before."""
    source = tiny_fsdd(tmp_path)
    (tmp_path / "recordings" / "3_ada_4.wav").write_bytes(b"nothing")
    dataset = source.read(tmp_path, seed=0)
    with pytest.raises(DataError, match=r"3_ada_4\.wav: no whole wav file"):
        dataset.read_test()


def test_bad_sound_is_named(tmp_path):
    source = tiny_fsdd(tmp_path)
    path = tmp_path / "recordings" / "3_ada_11.wav"
    whole = path.read_bytes()
    for content, message in (
        (b"", "no whole wav file"),
        (whole[:30], "no whole wav file"),
        (b"RIFX" + whole[4:], "no whole wav file"),
        (whole[:-101], "truncated or empty; it holds 1229 of 1280 announced samples"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=re.escape(f"{path}: {message}")) as caught:
            source.read(tmp_path, seed=0)
        assert_one_line(caught)
    write_wav(path, [])
    with pytest.raises(DataError, match="it holds 0 of 0 announced samples"):
        source.read(tmp_path, seed=0)
    write_wav(path, tone(300, rate=16000), rate=16000, channels=2)
    with pytest.raises(DataError, match="must be mono, 16 bits, 8000 Hz; got 2 channels, 16 bits, 16000 Hz"):
        source.read(tmp_path, seed=0)
    path.unlink()
    with pytest.raises(DataError, match=r"3_ada_11\.wav: the file is missing"):
        source.read(tmp_path, seed=0)


def test_digits_need_no_file(monkeypatch, tmp_path):
    """The default works whatever the data root; its test part does not depend on the seed."""
    monkeypatch.setenv("SPIKEWRIGHT_DATA", str(tmp_path / "nowhere"))
    first, other = data.load("digits"), data.load("digits", seed=1)
    assert first.shape == data.DataShape((1, 8, 8), 1257, 10, "image")
    assert (len(first.validation), len(first.read_test())) == (180, 360)
    assert (first.train.x.min(), first.train.x.max()) == (0, 1)
    assert first.digests() != other.digests()
    assert first.read_test().digest() == other.read_test().digest()
    images = [part.x.reshape(-1, 64) for part in (first.train, first.validation, first.read_test())]
    assert len(np.unique(np.concatenate(images), axis=0)) == 1797
    assert data.verify("digits") == [data.Verdict(DIGITS.files(DIGITS.shipped)[0])]


def test_digits_that_cannot_be_read(monkeypatch):
    def broken():
        raise OSError("gone")

    monkeypatch.setattr("spikewright.data._digits.load_digits", broken)
    with pytest.raises(DataError, match=r"scikit-learn cannot read its own file \(gone\)"):
        data.load("digits")


def assert_one_line(caught):
    """The message is one line and ends with what to do."""
    assert "\n" not in str(caught.value)
    assert re.search(r"(spikewright data fetch \S+|from \S+)\.?$", str(caught.value))
