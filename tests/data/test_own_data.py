"""A user's own data: arrays, images, recordings of events, and what is refused."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spikewright import data
from spikewright.checks import DataError

RNG = np.random.default_rng(11)


def save(path: Path, **arrays):
    np.savez(path, **arrays)
    return path


def refused(path, message):
    """Loading ``path`` fails with one line that begins with the path of the file."""
    with pytest.raises(DataError, match=message) as caught:
        data.load(path)
    assert "\n" not in str(caught.value)


def all_samples(dataset):
    parts = [dataset.train, dataset.validation, dataset.read_test()]
    return [len(part) for part in parts], np.concatenate([part.x for part in parts])


@pytest.mark.parametrize(
    ("shape", "sample"), [((6,), (1, 1, 6)), ((4, 5), (1, 4, 5)), ((3, 4, 5), (3, 4, 5)), ((4, 4, 2), (4, 4, 2))]
)
def test_arrays_in_parts(tmp_path, shape, sample):
    """70, 10 and 20 % of each class; text labels name the classes in alphabetical order."""
    x = RNG.integers(0, 256, (60, *shape), np.uint8)
    y = np.array(["cat", "ant", "bee"])[np.arange(60) % 3]
    dataset = data.load(save(tmp_path / "own.npz", x=x, y=y))
    assert dataset.shape == data.DataShape(sample, 42, 3, "image")
    assert dataset.classes == ("ant", "bee", "cat")
    counts, samples = all_samples(dataset)
    assert counts == [42, 6, 12]
    assert np.bincount(dataset.read_test().y).tolist() == [4, 4, 4]
    expected = x.reshape(60, *sample) / np.float32(255)
    for image, label in zip(dataset.train.x, dataset.train.y, strict=True):
        source = np.flatnonzero((expected == image).all((1, 2, 3)))[0]
        assert dataset.classes[label] == y[source]
    np.testing.assert_array_equal(np.sort(samples, axis=None), np.sort(expected, axis=None))


def test_the_test_part_of_arrays_is_fixed(tmp_path):
    path = save(tmp_path / "own.npz", x=RNG.random((50, 4)), y=np.arange(50) % 2)
    first, other = data.load(path, seed=0), data.load(str(path), seed=1)
    assert first.digests() != other.digests()
    assert first.read_test().digest() == other.read_test().digest()


def test_numbers_are_scaled_by_the_training_part(tmp_path):
    """Its lowest value becomes 0 and its highest 1; [0, 1] stays as it is; a constant becomes 0."""
    x = RNG.normal(10, 3, (60, 2))
    y = np.arange(60) % 2 * 5 - 2
    dataset = data.load(save(tmp_path / "wide.npz", x=x, y=y))
    assert dataset.classes == ("-2", "3")
    assert (dataset.train.x.min(), dataset.train.x.max()) == (0, 1)
    for part in (dataset.validation, dataset.read_test()):
        assert part.x.min() >= 0
        assert part.x.max() <= 1
    values = np.sort(all_samples(dataset)[1], axis=None)
    inside = (values > 0) & (values < 1)
    ratio = np.diff(values[inside]) / np.diff(np.sort(x, axis=None)[inside])
    # Differences of float32 numbers between 0 and 1 of at least 1e-5 or so.
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=5e-2)
    unit = np.linspace(0.25, 0.75, 60)[:, None].astype(np.float32)
    kept = all_samples(data.load(save(tmp_path / "unit.npz", x=unit, y=y)))[1]
    np.testing.assert_array_equal(np.sort(kept, axis=None), unit[:, 0])
    assert not data.load(save(tmp_path / "flat.npz", x=np.full((60, 2), 7.0), y=y)).train.x.any()


GOOD = {"x": np.zeros((20, 4)), "y": np.arange(20) % 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.arange(19) % 2}, r"x and y must be of one length; got shapes \(20, 4\) and \(19,\)"),
        ({"x": np.float64(3)}, r"x and y must be of one length; got shapes \(\) and \(20,\)"),
        ({"y": np.eye(20)}, r"y must be 1-D and hold whole numbers or text; got shape \(20, 20\)"),
        ({"y": np.arange(20) / 2}, r"y must be 1-D and hold whole numbers or text; got shape \(20,\) of float64"),
        ({"x": np.zeros(20)}, r"x must have shape .*; got \(20,\)"),
        ({"x": np.zeros((20, 0))}, r"x must have shape .* with no axis empty; got \(20, 0\)"),
        ({"x": np.zeros((0, 4)), "y": np.zeros(0, int)}, r"x must have shape .*; got \(0, 4\)"),
        ({"x": np.zeros((20, 8, 8, 3))}, r"x has its channels last, \(20, 8, 8, 3\).*Save x.transpose\(0, 3, 1, 2\)"),
        ({"x": np.zeros((20, 4), complex)}, "x must hold real numbers; got complex128"),
        (
            {"x": np.where(np.arange(80).reshape(20, 4) == 13, np.nan, 0)},
            "sample 3 of x holds values that are no finite",
        ),
        ({"y": np.zeros(20, int)}, "needs at least two classes; got 1"),
        ({"y": np.minimum(np.arange(20), 18) // 18}, "class '1' has 2 samples; each needs at least 3"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, change, message):
    path = save(tmp_path / "own.npz", **(GOOD | change))
    refused(path, f"{re.escape(str(path))}: {message}")


def test_damaged_archives(tmp_path):
    path = tmp_path / "own.npz"
    path.write_bytes(b"")
    refused(path, "own.npz: the file is empty")
    path.write_bytes(b"not an archive")
    refused(path, "own.npz: ")
    save(path, **GOOD)
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "own.npz: truncated, or no NumPy archive of named arrays")
    whole = save(path, **GOOD).read_bytes()
    at = whole.index(b"x.npy") + 150  # within the first array
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    refused(path, r"own.npz: damaged \(Bad CRC-32 for file 'x.npy'\)")
    save(path, samples=GOOD["x"], y=GOOD["y"])
    refused(path, "lacks the array x; it holds samples, y")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    refused(path, "lacks the arrays x, y; it holds readme.txt")


class Bomb:
    """Unpickling this would call ``pytest.fail``."""

    def __reduce__(self):
        return pytest.fail, ("pickled code was run",)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = save(tmp_path / "own.npz", x=GOOD["x"], y=np.array([Bomb()] * 20, dtype=object))
    refused(path, "own.npz: holds pickled Python objects, which are never loaded. Save numbers or text")
    path.write_bytes(pickle.dumps(Bomb()))
    refused(path, "own.npz: truncated, or no NumPy archive of named arrays")
    with io.BytesIO() as plain:
        np.save(plain, GOOD["x"])
        path.write_bytes(plain.getvalue())
    refused(path, "own.npz: truncated, or no NumPy archive of named arrays")


def image_folders(root: Path, *, mode="L", count=10, size=(5, 4), ending="png"):
    """Write ``count`` images of each of two classes; return them by class and number."""
    pixels = {}
    for name in ("owl", "elk"):
        (root / name).mkdir(parents=True)
        for number in range(count):
            shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
            pixels[name, number] = RNG.integers(0, 256, shape, np.uint8)
            Image.fromarray(pixels[name, number]).save(root / name / f"{number}.{ending}")
    (root / "elk" / ".hidden").write_text("left out")
    (root / ".git").mkdir()
    (root / "notes.txt").write_text("files beside the class folders are left out")
    return pixels


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_images_of_class_folders(tmp_path, mode, channels):
    """Rows are rows and columns are columns; the label is the folder's place in the alphabet."""
    pixels = image_folders(tmp_path, mode=mode)
    dataset = data.load(tmp_path)
    assert dataset.classes == ("elk", "owl")
    assert dataset.shape == data.DataShape((channels, 4, 5), 14, 2, "image")
    known = {
        values.reshape(4, 5, channels).transpose(2, 0, 1).astype(np.float64).tobytes(): name
        for (name, _), values in pixels.items()
    }
    seen = set()
    for part in (dataset.train, dataset.validation, dataset.read_test()):
        for image, label in zip(part.x, part.y, strict=True):
            key = np.round(image * 255.0).astype(np.float64).tobytes()
            assert known[key] == dataset.classes[label]
            seen.add(key)
    assert seen == set(known)


def test_one_colour_image_makes_all_colour(tmp_path):
    image_folders(tmp_path)
    Image.new("RGBA", (5, 4), (255, 0, 51, 255)).save(tmp_path / "elk" / "0.png")
    dataset = data.load(tmp_path)
    assert dataset.shape.sample == (3, 4, 5)
    samples = all_samples(dataset)[1]
    assert (samples[:, :, 0, 0] == np.float32([1, 0, 0.2])).all(1).sum() == 1


def test_images_that_do_not_fit(tmp_path):
    image_folders(tmp_path)
    odd = tmp_path / "owl" / "3.png"
    good = odd.read_bytes()
    Image.new("L", (5, 6)).save(odd)
    refused(tmp_path, rf"{odd}: the image is 5 x 6 pixels, .*elk/0\.png is 5 x 4\. Bring all to one size")
    odd.write_bytes(b"")
    refused(tmp_path, f"{odd}: no readable image")
    odd.write_bytes(b"this is text")
    refused(tmp_path, rf"{odd}: no readable image \(not a format that Pillow knows\)")
    Image.fromarray(np.zeros((4, 5), np.uint16)).save(odd)
    refused(tmp_path, f"{odd}: an image of kind 'I;16', which has more than 8 bits a pixel")
    odd.write_bytes(good)
    data.load(tmp_path)


def test_a_truncated_image_is_named(tmp_path):
    """Its header is whole, so that only reading it tells; all are damaged, as the one could be in any part."""
    image_folders(tmp_path, size=(40, 40))
    for path in tmp_path.glob("*/*.png"):
        path.write_bytes(path.read_bytes()[:-300])
    refused(tmp_path, r"\d\.png: the image is truncated or damaged")


def test_folders_that_do_not_fit(tmp_path):
    refused(tmp_path, "holds no class folders")
    (tmp_path / "a").mkdir()
    refused(tmp_path, "a: the class folder holds no files")
    Image.new("L", (2, 2)).save(tmp_path / "a" / "1.png")
    refused(tmp_path, "needs at least two classes; got 1")
    (tmp_path / "a" / "2.txt").write_text("text")
    refused(
        tmp_path, r"2\.txt: files must be all images \(\.png, .*\) or all recordings of events \(\.bin, \.bs2, \.dat, "
    )
    (tmp_path / "a" / "2.txt").rename(tmp_path / "a" / "2.bin")
    refused(tmp_path, r"1\.png: files must be all images .* holds \.bin, \.png\. Remove or convert")
    (tmp_path / "data.csv").write_text("1,2")
    refused(tmp_path / "data.csv", r"data\.csv: not a kind of file that is read\. Give an \.npz file")


# Column, row, polarity, time in us: two recordings that differ in length; the sensor must hold column 6 and row 4.
SHORT = [(1, 2, 1, 1000), (6, 0, 0, 1500)]
LONG = [(0, 4, 0, 50), (0, 4, 1, 50), (3, 3, 1, 2050)]


def as_bin(events):
    return b"".join(bytes([x, y]) + (p << 23 | t).to_bytes(3, "big") for x, y, p, t in events)


def as_dat(events):
    body = b"".join(t.to_bytes(4, "little") + (x | y << 14 | p << 28).to_bytes(4, "little") for x, y, p, t in events)
    return b"% Data file containing CD events.\n% Version 2\n\x00\x08" + body


def as_npz(events, unit=1):
    x, y, p, t = np.array(events).T
    with io.BytesIO() as file:
        np.savez(file, x=x, y=y, p=2 * p - 1, t=t * unit)
        return file.getvalue()


def event_folders(root: Path, write, ending):
    for name, events in (("go", SHORT), ("stop", LONG)):
        (root / name).mkdir(parents=True)
        for number in range(10):
            (root / name / f"{number}{ending}").write_bytes(write(events))


@pytest.mark.parametrize(
    ("write", "ending"),
    [(as_bin, ".bin"), (as_bin, ".bs2"), (as_dat, ".dat"), (as_npz, ".npz"), (lambda e: as_npz(e, 1e-6), ".npz")],
    ids=["bin", "bs2", "dat", "npz in us", "npz in seconds"],
)
def test_recordings_of_class_folders(tmp_path, write, ending):
    """All formats give the same events: times from the first, the sensor as large as all recordings ask for."""
    event_folders(tmp_path, write, ending)
    dataset = data.load(tmp_path)
    assert dataset.shape == data.DataShape((2, 5, 7), 14, 2, "events")
    for part in (dataset.train, dataset.validation, dataset.read_test()):
        for recording, label in zip(part.x, part.y, strict=True):
            events = np.array((SHORT, LONG)[label])
            addresses = np.ravel_multi_index((events[:, 2], events[:, 1], events[:, 0]), (2, 5, 7))
            assert recording.addresses.tolist() == addresses.tolist()
            np.testing.assert_allclose(recording.times, (events[:, 3] - events[0, 3]) * 1e-6, rtol=1e-9)
            assert recording.duration == pytest.approx(recording.times[-1] + 1e-6, rel=1e-9)


def npz(**arrays):
    with io.BytesIO() as file:
        np.savez(file, **arrays)
        return file.getvalue()


THREE = np.arange(3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1.bin", b"", "the file is empty"),
        ("1.bin", as_bin(SHORT)[:-2], "truncated or no file of 40-bit events"),
        ("1.dat", b"% only a header\n", "no DAT file of events of 8 bytes"),
        ("1.dat", b"% a header that never ends", "no DAT file of events of 8 bytes"),
        ("1.dat", b"no header", "no DAT file of events of 8 bytes"),
        ("1.dat", as_dat(SHORT).replace(b"\x00\x08", b"\x00\x10", 1), "no DAT file of events of 8 bytes"),
        ("1.dat", as_dat(SHORT)[:-3], "truncated; 13 bytes of events are no multiple of 8"),
        ("1.dat", as_dat([]), "holds no events"),
        ("1.npz", npz(x=THREE, y=THREE, t=THREE), "lacks the array p; it holds x, y, t"),
        (
            "1.npz",
            npz(x=THREE, y=THREE, p=THREE, t=THREE[:2]),
            r"x, y, p and t must be 1-D and of one length; got x \(3,\), .*t \(2,\)",
        ),
        ("1.npz", npz(x=THREE, y=np.array(["a", "b", "c"]), p=THREE, t=THREE), "y must hold numbers; got <U1"),
        ("1.npz", npz(x=THREE, y=THREE - 1, p=THREE, t=THREE), "event 0 at column 0, row -1 is off the sensor"),
        (
            "1.npz",
            npz(x=THREE, y=THREE, p=THREE, t=np.array([0, np.nan, 1])),
            "t holds values that are no finite numbers",
        ),
        ("1.npz", npz(x=np.array([0, np.inf, 1]), y=THREE, p=THREE, t=THREE), "x holds values that are no finite"),
        ("1.npz", npz(x=THREE, y=THREE * 2**40, p=THREE, t=THREE), "has an event at column 2, row 2199023255552"),
        ("1.npz", npz(x=THREE, y=THREE, p=THREE, t=np.array([None] * 3)), "holds pickled Python objects"),
    ],
)
def test_recordings_that_do_not_fit(tmp_path, name, content, message):
    """A bad file is named at once, even if it belongs to the test part."""
    event_folders(tmp_path, as_bin, ".bin")
    (tmp_path / "go" / name).write_bytes(content)
    refused(tmp_path, f"{re.escape(str(tmp_path / 'go' / name))}: {message}")
