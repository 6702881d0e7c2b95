import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.errors import DataError
from onion_pipeline.images.decoding.decoder import decode_image
from onion_pipeline.images.sources import open_source
from onion_pipeline.images.sources.idx import find_idx_images

FASHION = Path(__file__).parents[4] / "shared" / "data" / "fashion-mnist"
SHAPE = (3, 4, 5)


def make_images(shape: tuple[int, ...] = SHAPE, magic: int = 0x803) -> bytes:
    pixels = np.arange(np.prod(shape), dtype=np.int64).astype(np.uint8)
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + pixels.tobytes()


def make_labels(*labels: int, magic: int = 0x801) -> bytes:
    return struct.pack(">2I", magic, len(labels)) + bytes(labels)


@pytest.fixture
def folder(tmp_path, write_files, temporary_folder) -> Path:
    files = {
        "train-images-idx3-ubyte": make_images(),
        "train-labels-idx1-ubyte": make_labels(7, 0, 9),
        "t10k-images.idx3-ubyte.gz": gzip.compress(make_images((2, 4, 5))),
        "t10k-labels.idx1-ubyte.gz": gzip.compress(make_labels(1, 2)),
    }
    return write_files(tmp_path / "mnist", files)


def test_each_image_is_a_file_with_its_label_and_split(folder):
    source = open_source(folder)
    assert source.location == str(folder)
    assert list(source.paths) == source.given["path"].tolist()
    assert source.given["group"].isna().all()
    assert source.given[["path", "label", "split"]].to_numpy().tolist() == [
        ["t10k-images/00000.bmp", "1", "test"],
        ["t10k-images/00001.bmp", "2", "test"],
        ["train-images/00000.bmp", "7", "train"],
        ["train-images/00001.bmp", "0", "train"],
        ["train-images/00002.bmp", "9", "train"],
    ]


def test_to_predict_images_need_no_labels(folder):
    (folder / "t10k-labels.idx1-ubyte.gz").unlink()
    source = open_source(folder / "t10k-images.idx3-ubyte.gz", labelled=False)
    assert source.paths == ("t10k-images/00000.bmp", "t10k-images/00001.bmp")
    assert source.given["label"].isna().all()
    assert len(open_source(folder, labelled=False).paths) == 5


def test_the_pixels_are_those_of_the_file(folder):
    source = open_source(folder)
    for number in range(3):
        data = source.read(f"train-images/0000{number}.bmp")
        assert len(data) == source.measure(f"train-images/0000{number}.bmp")
        expected = np.arange(20).reshape(4, 5) + 20 * number
        np.testing.assert_array_equal(decode_image(data, (4, 5, 1))[..., 0], expected)
    data = source.read("t10k-images/00001.bmp")
    assert decode_image(data, (4, 5, 1))[0, 0, 0] == 20


def test_a_worker_is_sent_the_place_alone(folder):
    source = open_source(folder)
    part = source.select(["train-images/00002.bmp"])
    sent = pickle.dumps(part.reader)
    assert len(sent) < 1000
    assert pickle.loads(sent).read("train-images/00002.bmp") == source.read(part.paths[0])


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte", "t10k-images.idx3-ubyte.gz", "mine-images-idx3-ubyte"]
)
def test_one_file_of_images_finds_its_labels(folder, name):
    (folder / "mine-images-idx3-ubyte").write_bytes(make_images())
    (folder / "mine-labels.idx1-ubyte.gz").write_bytes(gzip.compress(make_labels(1, 2, 3)))
    source = open_source(folder / name)
    assert source.location == str(folder / name)
    assert source.paths[0] == f"{name.split('-')[0]}-images/00000.bmp"
    splits = {"train": "train", "t10k": "test"}
    assert source.given["split"].dropna().unique().tolist() == [
        split for prefix, split in splits.items() if name.startswith(prefix)
    ]


def test_of_a_file_and_its_compressed_copy_the_file_is_taken():
    """As torchvision leaves them: both are there."""
    names = ["a-images-idx3-ubyte", "a-images-idx3-ubyte.gz", "b-images.idx3-ubyte.gz", "1.jpg"]
    assert find_idx_images(names) == ["a-images-idx3-ubyte", "b-images.idx3-ubyte.gz"]
    assert find_idx_images(reversed(names)) == find_idx_images(names)


def test_the_files_may_lie_deeper(folder):
    (folder / "raw").mkdir()
    for path in list(folder.glob("t*")):
        path.rename(folder / "raw" / path.name)
    source = open_source(folder)
    assert source.paths[-1] == "raw/train-images/00002.bmp"
    assert source.given["split"].tolist() == ["test"] * 2 + ["train"] * 3
    assert len(source.read(source.paths[-1])) == source.measure(source.paths[-1])


@pytest.mark.parametrize(
    ("prefix", "split"),
    [("emnist-letters-train-", "train"), ("x_test-", "test"), ("training-", "train"), ("", None)],
)
def test_the_last_word_before_images_is_the_split(tmp_path, write_files, prefix, split):
    files = {
        f"{prefix}images-idx3-ubyte": make_images(),
        f"{prefix}labels-idx1-ubyte": make_labels(10, 200, 0),
    }
    source = open_source(write_files(tmp_path, files))
    assert source.given["label"].tolist() == ["10", "200", "0"]
    assert source.given["split"].dropna().unique().tolist() == ([split] if split else [])
    assert source.paths[0] == f"{prefix}images/00000.bmp"


def test_images_without_labels_are_an_error(folder):
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(
        DataError, match=r"train-images.* no labels beside it\. Looked for: train-l"
    ):
        open_source(folder)


def test_other_numbers_of_images_and_labels_are_an_error(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(make_labels(1, 2))
    with pytest.raises(DataError, match="has 2 labels for the 3 images of"):
        open_source(folder)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begins with nothing, not with 00 00 08 03 and 3 numbers"),
        (make_images()[:6], "begins with 00 00 08 03 00 00, not with 00 00 08 03 and 3 numbers"),
        (make_images(magic=0xD03), "begins with 00 00 0d 03"),
        (make_images(magic=0x804), "begins with 00 00 08 04"),
        (make_images()[:-1], "has 75 bytes instead of 76, for its dimensions 3 x 4 x 5"),
        (make_images() + b"1", "has 77 bytes instead of 76"),
        (make_images((0, 4, 5)), "dimensions 0 x 4 x 5"),
        (make_images((3, 0, 5)), "dimensions 3 x 0 x 5"),
        (make_images()[:4] + b"\xff" * 12, "dimensions 4294967295 x 4294967295 x 4294967295"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_images_are_an_error(tmp_path, write_files, data, message, packed):
    name = f"a-images-idx3-ubyte{'.gz' if packed else ''}"
    files = {name: gzip.compress(data) if packed else data}
    files["a-labels-idx1-ubyte"] = make_labels(1, 2, 3)
    with pytest.raises(DataError, match=message):
        open_source(write_files(tmp_path / "idx", files))


def test_damaged_labels_are_an_error(folder):
    (folder / "train-labels-idx1-ubyte").write_bytes(make_labels(1, 2, 3)[:-1])
    with pytest.raises(DataError, match="has 10 bytes instead of 11"):
        open_source(folder)


def test_a_file_that_shrinks_raises_os_error(folder):
    source = open_source(folder)
    (folder / "train-images-idx3-ubyte").write_bytes(make_images()[:30])
    with pytest.raises(OSError, match="has changed"):
        source.read("train-images/00002.bmp")


@pytest.mark.skipif(not FASHION.exists(), reason=f"not on this machine: {FASHION}")
def test_fashion_mnist_is_read(temporary_folder):
    source = open_source(FASHION)
    assert len(source.paths) == 70_000
    counts = source.given.value_counts(["split", "label"])
    assert counts["train"].eq(6000).all()
    assert counts["test"].eq(1000).all()
    assert set(source.given["label"]) == set("0123456789")
    with gzip.open(FASHION / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    for number in (0, 5_000, 9_999):
        data = source.read(f"t10k-images/{number:05}.bmp")
        np.testing.assert_array_equal(decode_image(data, (28, 28, 1))[..., 0], pixels[number])


def test_a_folder_without_such_files_is_a_folder(tmp_path):
    (tmp_path / "images-idx3-ubyte.txt").touch()
    Image.new("L", (4, 4)).save(tmp_path / "1.png")
    assert open_source(tmp_path).given is None
