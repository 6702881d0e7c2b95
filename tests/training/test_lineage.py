import json
from hashlib import sha256

import pandas as pd
import pytest

from onion_pipeline.training import lineage


@pytest.fixture
def images():
    return pd.DataFrame(
        {
            "path": ["a/1.png", "a/2.png", "b/1.png", "b/2.png"],
            "label": ["a", "a", "b", "b"],
            "sha256": [f"{number:064x}" for number in (11, 12, 13, 14)],
            "split": ["train", "test", "train", "validation"],
        }
    )


@pytest.fixture
def describe(images, base_parameters, keras):
    """A function that describes a lineage with something changed."""

    def describe(images=images, source="photos", seed=1, **changes):
        names = ("ingest", "augment", "build", "train")
        groups = {
            name: getattr(base_parameters, name).model_copy(update=changes.get(name, {}))
            for name in names
        }
        return lineage.describe_lineage(images, source, groups, seed)

    return describe


def find_changed(one, other):
    changed = {part for part in lineage.PARTS if one[part]["hash"] != other[part]["hash"]}
    assert (one["hash"] != other["hash"]) == bool(changed)
    return changed


def change(images, column, value):
    changed = images.copy()
    changed.loc[0, column] = value
    return changed


@pytest.mark.parametrize(
    ("column", "value", "changed"),
    [
        ("sha256", "f" * 64, {"data", "split"}),
        ("label", "b", {"data"}),
        ("split", "test", {"split"}),
        ("path", "a/0.png", set()),
    ],
)
def test_images_count_by_content_label_and_split(describe, images, column, value, changed):
    assert find_changed(describe(), describe(change(images, column, value))) == changed


def test_the_order_of_the_images_counts(describe, images):
    assert find_changed(describe(), describe(images[::-1])) == {"data", "split"}


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"seed": 2}, {"seed"}),
        ({"source": "s3://elsewhere"}, set()),
        ({"train": {"epochs": 99}}, {"parameters"}),
        ({"train": {"checkpoint_minutes": 99}}, set()),
        ({"augment": {"keep": False}}, set()),
        ({"ingest": {"max_quarantined": 0.9, "folds": 3}}, set()),
    ],
)
def test_what_has_an_effect_on_the_model_counts(describe, changes, changed):
    assert find_changed(describe(), describe(**changes)) == changed


def test_other_code_and_libraries_count(describe, monkeypatch):
    before = describe()
    monkeypatch.setattr("onion_pipeline.origin.hash_code", lambda: "other")
    assert find_changed(before, describe()) == {"code"}
    monkeypatch.setattr("onion_pipeline.origin.version", lambda name: "0.1")
    assert find_changed(before, describe()) == {"code", "dependencies"}


def test_a_lineage_names_what_it_is_of(describe, base_parameters):
    lineage = describe()
    assert lineage["data"]["images"] == 4
    assert lineage["split"]["images"] == {"test": 1, "train": 2, "validation": 1}
    assert lineage["parameters"]["train"]["epochs"] == base_parameters.train.epochs
    assert {"python", "keras", "numpy"} <= set(lineage["dependencies"]["libraries"])
    assert {"number", "threads", "kind"} <= set(lineage["dependencies"]["processors"])
    assert lineage["seed"]["seed"] == 1
    assert json.loads(json.dumps(lineage)) == lineage


def test_credentials_are_in_no_lineage(describe):
    address = "https://ann:s3cret@example.org/photos.zip?token=s3cret"
    lineage = describe(source=address, ingest={"group_by": address})
    assert "s3cret" not in json.dumps(lineage)
    assert lineage["source"] == "https://example.org/photos.zip?..."
    assert "example.org" in lineage["parameters"]["ingest"]["group_by"]


def test_readable_images_are_listed_with_their_split(images):
    index = images.drop(columns="split").assign(reason=[None, None, None, "truncated"])
    listed = lineage.list_images(index, images[images["path"] != "a/2.png"])
    assert list(zip(listed["path"], listed["split"], strict=True)) == [
        ("a/1.png", "train"),
        ("a/2.png", "refused"),
        ("b/1.png", "train"),
    ]


def test_tags_are_short_and_name_each_part(describe):
    tags = lineage.make_tags(describe())
    assert set(tags) == {"lineage.hash", *(f"lineage.{name}" for name in lineage.PARTS)}
    assert {len(value) for value in tags.values()} == {16}


def test_an_image_takes_a_few_bytes(images):
    many = pd.concat([images] * 2500, ignore_index=True)
    many["path"] = [f"folder/{number:06}.png" for number in range(len(many))]
    many["sha256"] = [sha256(path.encode()).hexdigest() for path in many["path"]]
    files = lineage.write_files({}, many)
    assert len(files[lineage.IMAGES]) < 30 * len(many)


def test_a_file_of_pretrained_weights_counts_by_its_content(describe, tmp_path):
    path = tmp_path / "mine.keras"
    layers = [{"backbone": {"name": "mobilenet_v3_small", "weights": str(path)}}, "flatten"]
    path.write_bytes(b"one")
    build = {"layers": layers}
    first = describe(build=build)
    assert find_changed(first, describe(build=build)) == set()
    path.write_bytes(b"two")
    assert find_changed(first, describe(build=build)) == {"parameters"}
    path.unlink()
    assert find_changed(first, describe(build=build)) == {"parameters"}
    assert "backbone_weights" in first["parameters"]
    assert "backbone_weights" not in describe()["parameters"]
