import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from onion_pipeline.errors import DataError
from onion_pipeline.images.sources import open_source
from onion_pipeline.pipelines.ingest.pipeline import create_pipeline

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow  # the pipeline on many kinds of sources


@pytest.fixture
def values(photo_folder, base_parameters):
    (photo_folder / "red" / "broken.jpg").write_bytes(b"not a picture")
    return {
        "raw_images": open_source(photo_folder),
        "params:ingest": base_parameters.ingest.model_copy(update={"seed": 1}),
    }


def change(values, **parameters):
    changed = values["params:ingest"].model_copy(update=parameters)
    return {**values, "params:ingest": changed}


def test_a_folder_of_pictures_becomes_three_labelled_splits(run_nodes, values):
    made = run_nodes(create_pipeline(), values)
    assert made["class_names"] == ["blue", "red"]
    assert list(made["quarantine"]["path"]) == ["red/broken.jpg"]
    assert len(made["image_index"]) == 21
    assert made["decoded_images"]["image"].shape == (20, 12, 16, 3)
    splits = made["image_splits"]
    for name in ("train", "validation", "test"):
        rows = splits[splits["split"] == name]
        images = made[f"{name}_images"]
        assert [made["class_names"][label] for label in images["label"]] == list(rows["label"])
        pixels = made["decoded_images"]["image"][rows.index]
        np.testing.assert_array_equal(images["image"], pixels)
        brightest = np.where(images["image"].mean(axis=(1, 2)).argmax(axis=1) == 2, "blue", "red")
        assert list(brightest) == list(rows["label"])


def test_the_seed_alone_decides_the_splits(run_nodes, values):
    one, same, other = (
        run_nodes(create_pipeline(), change(values, seed=seed))["image_splits"]
        for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_the_seed_of_the_training_leaves_the_splits():
    assert "params:seed" not in create_pipeline().inputs()


@pytest.mark.parametrize("method", ["exact", "stable"])
def test_pairs_and_splits_are_those_of_the_contents_whatever_names_and_order(
    run_nodes, values, tmp_path, method
):
    """Of digits, which resemble each other: what is near depends on what else there is."""
    with zipfile.ZipFile(PROJECT / "data/01_raw/digits.zip") as archive:
        files = {name: archive.read(name) for name in sorted(archive.namelist())[:1000:3]}
    found = []
    for seed in (0, 1, 2):
        names = [f"{number:04}.png" for number in np.random.default_rng(seed).permutation(334)]
        for name, (path, content) in zip(names, files.items(), strict=True):
            target = tmp_path / str(seed) / path[0] / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        source = {**values, "raw_images": open_source(tmp_path / str(seed))}
        made = run_nodes(create_pipeline(), change(source, split_method=method, folds=3))
        splits, pairs = made["image_splits"], made["duplicates"]
        sides = [splits["sha256"].to_numpy()[pairs[side]] for side in ("first", "second")]
        contents = splits.set_index("sha256")[["label", "split", "fold"]].sort_index()
        found.append((set(map(frozenset, zip(*sides, strict=True))), contents))
    (pairs, contents), *others = found
    assert len(pairs) > 5
    for again, same in others:
        assert again == pairs
        assert same.equals(contents)


def test_a_planted_near_duplicate_stays_with_its_original(run_nodes, values, photo_folder):
    for number in range(8):
        picture = Image.open(photo_folder / "red" / f"{number}.jpg")
        picture.save(photo_folder / "red" / f"again_{number}.webp", lossless=True)
    values["raw_images"] = open_source(photo_folder)
    made = run_nodes(create_pipeline(), values)
    homes = made["image_splits"].set_index("path")["split"]
    assert [homes[f"red/{number}.jpg"] for number in range(8)] == [
        homes[f"red/again_{number}.webp"] for number in range(8)
    ]
    assert len(made["duplicates"]) == 8
    assert made["data_report"]["duplicates"]["near_pairs"] == 8


def test_near_duplicates_can_be_ignored(run_nodes, values, photo_folder):
    picture = Image.open(photo_folder / "red" / "1.jpg")
    picture.save(photo_folder / "red" / "again.webp", lossless=True)
    values = change(values, near_duplicates="ignore")
    made = run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert made["duplicates"].empty


def test_the_report_describes_the_run(run_nodes, values):
    made = run_nodes(create_pipeline(), values)
    report = made["data_report"]
    assert (report["files"], report["images"]) == (21, 20)
    assert report["quarantined"] == {"unsupported_format": 1}
    assert sum(report["classes"]["red"].values()) == 10
    assert "20 images of 2 classes" in made["data_figures"].layout.title.text
    assert made["suspect_images"].get_suptitle()


@pytest.fixture
def write_deep(values, photo_folder):
    """Give the classes pictures of 16 bits, with values up to a largest one."""

    def write(largest, **parameters):
        generator = np.random.default_rng(0)
        for photo in photo_folder.glob("*/?.jpg"):
            pixels = generator.integers(0, largest + 1, (12, 16)).astype(np.uint16)
            pixels[0, 0] = largest
            photo.unlink()
            Image.fromarray(pixels).save(photo.with_suffix(".png"))
        return {**change(values, **parameters), "raw_images": open_source(photo_folder)}

    return write


@pytest.mark.parametrize(("bit_depth", "depth"), [("auto", 12), (14, 14), (16, 16)])
def test_the_bits_of_deep_values_are_found_and_told(
    run_nodes, write_deep, caplog, bit_depth, depth
):
    caplog.set_level("INFO")
    made = run_nodes(create_pipeline(), write_deep(4000, bit_depth=bit_depth))
    assert made["rendering"]["bit_depth"] == depth
    assert made["decoded_images"]["image"].max() == round(4000 / (2**depth - 1) * 255)
    said = [record.message for record in caplog.records if "pictures of 16 bits" in record.message]
    assert len(said) == (bit_depth == "auto")
    for line in said:
        assert line.startswith("No value of the 20 pictures of 16 bits passes 4095")
        assert "ingest.bit_depth=16" in line


@pytest.mark.parametrize("bit_depth", ["auto", 12, 16])
def test_one_bright_picture_that_makes_the_others_dark_is_told(
    run_nodes, write_deep, photo_folder, caplog, bit_depth
):
    values = write_deep(4000, bit_depth=bit_depth)
    pixels = np.full((12, 16), 65535, np.uint16)
    Image.fromarray(pixels).save(photo_folder / "red" / "0.png")
    run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert caplog.text.count("red/0.png up to 65535") == (bit_depth == "auto")


def test_nothing_is_said_of_values_that_fill_16_bits(run_nodes, write_deep, caplog):
    caplog.set_level("INFO")
    made = run_nodes(create_pipeline(), write_deep(65000))
    assert made["rendering"]["bit_depth"] == 16
    assert "16 bits" not in caplog.text


def test_folds_are_a_column_on_request(run_nodes, values):
    assert "fold" not in run_nodes(create_pipeline(), values)["image_splits"]
    splits = run_nodes(create_pipeline(), change(values, folds=3))["image_splits"]
    used = splits["split"] != "test"
    assert set(splits.loc[used, "fold"]) == {0, 1, 2}
    assert splits.loc[~used, "fold"].isna().all()


def test_a_group_in_the_path_lies_in_one_split(run_nodes, values):
    values = change(values, group_by=r"([0-4])\.jpg", split_method="exact")
    splits = run_nodes(create_pipeline(), values)["image_splits"]
    assert splits["group"].notna().sum() == 10
    assert (splits.groupby("group")["split"].nunique() == 1).all()


def test_images_that_cannot_be_split_make_nothing(run_nodes, values, tmp_path):
    shutil.rmtree(tmp_path / "photos" / "red")
    lonely = open_source(tmp_path / "photos")
    with pytest.raises(DataError, match="Only one class was found: blue"):
        run_nodes(create_pipeline(), {**values, "raw_images": lonely})


def test_pictures_without_folders_are_told(run_nodes, values, tmp_path):
    bare = open_source(tmp_path / "photos" / "red")
    with pytest.raises(DataError, match=r"no_label \(10\).*is the folder it lies in, <class>/<"):
        run_nodes(create_pipeline(), {**values, "raw_images": bare})


def test_too_many_refused_files_stop_the_run_after_they_are_listed(run_nodes, values):
    with pytest.raises(DataError, match=r"1 of 21 pictures \(4\.8%\) refused"):
        run_nodes(create_pipeline(), change(values, max_quarantined=0.04))


def test_given_splits_that_leak_are_told(run_nodes, values, photo_folder, caplog):
    for name in ("train", "test"):
        (photo_folder / name).mkdir()
        (photo_folder / ("blue" if name == "test" else "red")).rename(photo_folder / name / "old")
    for split, folder in (("train", "old"), ("test", "old")):
        for number in range(4):
            source = photo_folder / split / folder / f"{number}.jpg"
            target = photo_folder / split / "new" / f"{number}.jpg"
            target.parent.mkdir(exist_ok=True)
            source.rename(target)
    copied = photo_folder / "test" / "old" / "copied.jpg"
    copied.write_bytes((photo_folder / "train" / "old" / "9.jpg").read_bytes())
    run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert "1 pairs of pictures" in caplog.text
    assert "test/old/copied.jpg (test)" in caplog.text


def test_a_given_split_without_a_class_is_told(run_nodes, values, photo_folder, caplog):
    for split, numbers in (("train", range(6)), ("val", (6, 7)), ("test", (8, 9))):
        for name in ("blue", "red") if split != "test" else ("blue",):
            (photo_folder / split / name).mkdir(parents=True)
            for number in numbers:
                picture = photo_folder / name / f"{number}.jpg"
                picture.rename(photo_folder / split / name / picture.name)
    shutil.rmtree(photo_folder / "blue")
    shutil.rmtree(photo_folder / "red")
    run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "There are no test pictures of red: " in record.message


def test_the_classes_and_their_numbers_of_pictures_are_told_once(run_nodes, values, caplog):
    caplog.set_level("INFO")
    run_nodes(create_pipeline(), values)
    assert caplog.messages.count("2 classes: blue (10 pictures), red (10)") == 1


def test_a_class_of_which_every_picture_is_refused_is_told(run_nodes, values, photo_folder, caplog):
    for name in ("bird/1.heic", "bird/2.heic", "notes/1.txt"):
        (photo_folder / name).parent.mkdir(exist_ok=True)
        (photo_folder / name).write_bytes(b"no picture that can be read")
    values = change(values, max_quarantined=0.2)
    made = run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert made["class_names"] == ["blue", "red"]
    assert "No picture can be used of 1 class: bird (2 pictures). The network will" in caplog.text


def test_names_that_look_alike_are_told_and_not_merged(run_nodes, values, photo_folder, caplog):
    (photo_folder / "Red").mkdir()
    for number in range(5):
        (photo_folder / "red" / f"{number}.jpg").rename(photo_folder / "Red" / f"{number}.jpg")
    made = run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert made["class_names"] == ["Red", "blue", "red"]
    assert (
        "are probably one class, and are taken as several: 'Red' (5) and 'red' (5)" in caplog.text
    )


def test_a_name_in_two_normal_forms_is_one_class(run_nodes, values, photo_folder):
    (photo_folder / "red").rename(photo_folder / "A\u0308pfel")
    (photo_folder / "\u00c4pfel").mkdir()
    for number in range(5):
        photo = photo_folder / "A\u0308pfel" / f"{number}.jpg"
        photo.rename(photo_folder / "\u00c4pfel" / photo.name)
    made = run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert made["class_names"] == ["blue", "\u00c4pfel"]
    assert made["image_splits"]["label"].value_counts().to_dict() == {"blue": 10, "\u00c4pfel": 10}


def test_a_class_that_is_a_link_stops_the_run_or_is_followed(
    run_nodes, values, photo_folder, tmp_path
):
    (photo_folder / "red").rename(tmp_path / "red")
    (photo_folder / "red").symlink_to(tmp_path / "red")
    values = {**values, "raw_images": open_source(photo_folder)}
    with pytest.raises(DataError, match=r"A folder is left out .*red .*ingest\.follow_links=true"):
        run_nodes(create_pipeline(), values)
    made = run_nodes(create_pipeline(), change(values, follow_links=True))
    assert made["class_names"] == ["blue", "red"]
    assert len(made["decoded_images"]) == 20


def test_splits_beside_boxes_are_splits(run_nodes, values, photo_folder):
    for name in ("blue", "red"):
        for number in range(3):
            moved = photo_folder / "test" / name / f"{number}.jpg"
            moved.parent.mkdir(parents=True, exist_ok=True)
            (photo_folder / name / f"{number}.jpg").rename(moved)
        (photo_folder / "train").mkdir(exist_ok=True)
        (photo_folder / name).rename(photo_folder / "train" / name)
    (photo_folder / "annotations").mkdir()
    (photo_folder / "annotations" / "boxes.json").write_text("{}")
    made = run_nodes(create_pipeline(), {**values, "raw_images": open_source(photo_folder)})
    assert made["class_names"] == ["blue", "red"]
    assert (made["image_splits"]["split"] == "test").sum() == 6


def test_names_that_are_a_guess_are_told_once(run_nodes, values, caplog):
    source = replace(values["raw_images"], warning="names may be wrong")
    run_nodes(create_pipeline(), {**values, "raw_images": source})
    assert caplog.messages.count("names may be wrong") == 1
