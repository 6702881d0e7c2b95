import numpy as np

from onion_pipeline.pipelines.augment.pipeline import create_pipeline


def run(run_nodes, images, parameters, seed=1, **changes):
    return run_nodes(
        create_pipeline(),
        {
            "train_images": images,
            "class_names": ["a", "b", "c"],
            "params:augment": parameters.augment.model_copy(update=changes),
            "params:seed": seed,
        },
    )


def test_variants_follow_their_originals(run_nodes, labelled_images, base_parameters):
    made = run(run_nodes, labelled_images, base_parameters, copies=2)
    augmented = made["augmented_images"]
    assert len(augmented) == 3 * len(labelled_images)
    originals = augmented[augmented["copy"] == 0]
    np.testing.assert_array_equal(originals, labelled_images)
    by_index = {int(row["index"]): int(row["label"]) for row in labelled_images}
    assert [by_index[int(index)] for index in augmented["index"]] == list(augmented["label"])
    enabled = [step["name"] for step in made["augmentation_policy"]]
    assert enabled == ["Affine", "RandomBrightnessContrast", "CoarseDropout"]


def test_without_copies_the_images_stay_alone(run_nodes, labelled_images, base_parameters):
    made = run(run_nodes, labelled_images, base_parameters, copies=0)
    np.testing.assert_array_equal(made["augmented_images"], labelled_images)


def test_variants_that_are_not_to_be_kept_are_left_to_the_training(
    run_nodes, labelled_images, base_parameters
):
    made = run(run_nodes, labelled_images, base_parameters, copies=2, keep=False)
    np.testing.assert_array_equal(made["augmented_images"], labelled_images)
    assert made["augmentation_policy"]


def test_the_seed_alone_decides_the_pixels(run_nodes, labelled_images, base_parameters):
    one, same, other = (
        run(run_nodes, labelled_images, base_parameters, seed, copies=1)["augmented_images"]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one["image"] != other["image"]).any()


def test_the_preview_has_a_row_per_class(run_nodes, labelled_images, base_parameters):
    made = run(run_nodes, labelled_images, base_parameters, copies=0)
    labels = [axes.get_ylabel() for axes in made["augmentation_preview"].axes]
    assert [label for label in labels if label] == ["a", "b", "c"]
