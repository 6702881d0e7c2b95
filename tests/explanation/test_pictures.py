import numpy as np
import pandas as pd
import pytest
from PIL import Image

from onion_pipeline.errors import DataError
from onion_pipeline.explanation.pictures import choose_pictures, read_pictures
from onion_pipeline.images.decoding.decoder import Rendering
from onion_pipeline.serving.classifier import Classifier
from onion_pipeline.serving.config import ServingConfig

SHAPE = (4, 6, 3)
CLASSIFIER = Classifier(None, ServingConfig(["a"], SHAPE, Rendering("stretch")))


@pytest.fixture
def table():
    def make(*rows: tuple[str, str, float]) -> pd.DataFrame:
        columns = ["label", "predicted", "confidence"]
        paths = [f"{number}.png" for number in range(len(rows))]
        return pd.DataFrame(rows, columns=columns).assign(path=paths)

    return make


def test_of_each_class_the_surest_and_then_the_worst_mistakes(table):
    predictions = table(
        ("a", "a", 0.8),
        ("b", "b", 0.9),
        ("a", "a", 0.95),
        ("b", "a", 0.6),
        ("a", "b", 0.5),
        ("b", "a", 0.7),
        ("b", "b", 0.91),
    )
    assert choose_pictures(predictions, 3).tolist() == [2, 6, 5]
    assert choose_pictures(predictions, 4).tolist() == [2, 6, 5, 4]
    assert choose_pictures(predictions, 6).tolist() == [2, 6, 1, 5, 4, 3]


def test_mistakes_fill_up_where_little_is_right_and_the_other_way_round(table):
    predictions = table(("a", "a", 0.8), ("b", "a", 0.9), ("a", "b", 0.7))
    assert choose_pictures(predictions, 3).tolist() == [0, 1, 2]
    predictions = table(("a", "a", 0.8), ("b", "b", 0.9), ("a", "a", 0.7))
    assert choose_pictures(predictions, 9).tolist() == [0, 2, 1]
    predictions = table(("a", "b", 0.8), ("b", "a", 0.9))
    assert choose_pictures(predictions, 9).tolist() == [1, 0]


def test_of_equally_sure_ones_the_first_path(table):
    predictions = table(("a", "a", 0.8), ("a", "a", 0.8)).assign(path=["z.png", "b.png"])
    assert choose_pictures(predictions, 1).tolist() == [1]


def test_the_index_of_the_table_does_not_matter(table):
    predictions = table(("a", "a", 0.8), ("b", "b", 0.9)).set_index(pd.Index([7, 3]))
    assert choose_pictures(predictions, 2).tolist() == [0, 1]


@pytest.fixture
def folder(tmp_path):
    for number, colour in enumerate(["red", "lime", "blue"]):
        Image.new("RGB", (12, 8), colour).save(tmp_path / f"{number}.png")
    return tmp_path


def test_pictures_are_read_as_the_network_takes_them(folder):
    images, paths = read_pictures(str(folder), 2, CLASSIFIER)
    assert images.shape == (2, *SHAPE)
    assert paths == ["0.png", "1.png"]
    np.testing.assert_array_equal(images[1, 0, 0], [0, 255, 0])
    alone, (path,) = read_pictures(str(folder / "2.png"), 2, CLASSIFIER)
    assert path == "2.png"
    np.testing.assert_array_equal(alone[0, 0, 0], [0, 0, 255])


def test_a_file_that_is_no_picture_is_named(folder):
    (folder / "1.png").write_text("no picture")
    with pytest.raises(DataError, match=r"1\.png of explain\.images .* is no usable picture"):
        read_pictures(str(folder), 2, CLASSIFIER)


def test_the_parameter_is_named_where_there_are_no_pictures(folder):
    with pytest.raises(DataError, match=r"^explain\.images: No images at .*nothing"):
        read_pictures(str(folder / "nothing"), 2, CLASSIFIER)
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=r"^explain\.images: .*empty"):
        read_pictures(str(folder / "empty"), 2, CLASSIFIER)


def test_deep_pictures_are_scaled_as_in_training(tmp_path):
    values = np.full((8, 8), 4095, np.uint16)
    Image.fromarray(values).save(tmp_path / "1.png")
    config = ServingConfig(["a"], (8, 8, 1), Rendering(bit_depth=12))
    images, _ = read_pictures(str(tmp_path), 1, Classifier(None, config))
    assert (images == 255).all()
