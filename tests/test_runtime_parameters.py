import pytest
from hypothesis import given
from hypothesis import strategies as st

from onion_pipeline.errors import ConfigurationError
from onion_pipeline.hooks.parameter_checks import check_parameters
from onion_pipeline.runtime_parameters import find_texts, read_parameters, write_parameters

# What YAML would take for a number, a truth value, a date, nothing, a list, a comment, ...
TYPED = [
    *("photos #2", "#2", "2024_05", "202405", "01", "1e3", "0x10", "1:30", ".5", "1.", "-1", "+1"),
    *("yes", "no", "on", "off", "true", "False", "~", "2024-05-01", "a: b", "a:b", "- a", "Null"),
    *("[x]", "{x}", "[x", "}x", "a,b", "a,,b", "a, b", ",a", "a=b", "a,=b", "!x", "&x", "*x"),
    *("%x", "@x", "`x`", "|", ">", "it's", 'a"b', "'a", "a\\b", "a\\", "$x", "$", "a\tb", "a\nb"),
    *("s3://bucket/a?b=c", "C:\\photos", "./???", "ä 猫", "patient_(\\d{1,3})_", "=", "-", "1,2=3"),
]


def nest(name, value):
    group, _, key = name.rpartition(".")
    return {group: {key: value}} if group else {key: value}


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("name", ["images", "predict.model", "explain.images", "ingest.group_by"])
def test_a_text_arrives_as_it_was_typed(name, typed):
    expected = nest(name, typed)
    assert read_parameters(f"{name}={typed}") == expected
    others = {"seed": 7, "train": {"epochs": 3}}
    assert read_parameters(f"seed=7, {name}={typed},train.epochs=3") == {**expected, **others}


@pytest.mark.parametrize("typed", TYPED)
def test_it_reaches_the_configuration(load_conf, typed):
    conf = load_conf(**read_parameters(f"images={typed}"))
    assert conf["parameters"]["images"] == typed
    assert conf["catalog"]["raw_images"]["filepath"] == typed


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("'a,seed=1'", "a,seed=1"),
        ('"a,seed=1"', "a,seed=1"),
        ("' a '", " a "),
        ("'it''s'", "it's"),
        (r'"a\"b"', 'a"b'),
        ("'null'", "null"),
        ("'yes'", "yes"),
    ],
)
def test_quotes_keep_what_would_end_a_text(typed, text):
    assert read_parameters(f"explain.images={typed},train.epochs=3") == {
        "explain": {"images": text},
        "train": {"epochs": 3},
    }


def test_null_is_none_where_a_parameter_may_be_so():
    assert read_parameters("explain.images=null") == {"explain": {"images": None}}
    assert read_parameters("explain.images=") == {"explain": {"images": None}}
    assert read_parameters("images=null") == {"images": "null"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("ingest.image_size=[20,400]", [20, 400]),
        ("ingest.image_size=[20, 400] ,", [20, 400]),
        ("ingest.image_size=auto", "auto"),
        ("train.learning_rate=1e-3", 0.001),
        ("train.early_stopping={patience: 3, min_delta: 0.1}", {"patience": 3, "min_delta": 0.1}),
        ("train.class_weights=null", None),
        ("augment.keep=false", False),
        (
            "build.layers=[{dense: {units: 8, activation: relu}}, flatten]",
            [{"dense": {"units": 8, "activation": "relu"}}, "flatten"],
        ),
    ],
)
def test_all_else_is_yaml_and_a_list_stays_whole(typed, value):
    name = typed.partition("=")[0]
    found = read_parameters(f"images=a,{typed}")
    assert found == {"images": "a", **nest(name, value)}
    assert read_parameters(write_parameters(found)) == found


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("images= photos", ["begins or ends with a blank", "\"images=' photos'\""]),
        ("images=photos ", ["begins or ends with a blank", "\"images='photos '\""]),
        ("images=photos,,seed=3", ["ends with a blank or a comma", "\"images='photos,'\""]),
        ("images=photos\n", ["begins or ends with a blank"]),
        ("images=", ["images is empty"]),
        ("images=''", ["images is empty"]),
        ("images=???", ["'images=./???'"]),
        ("images=a${b}", ["names another value", r"'images=a\${b}'"]),
        ("images=a\\\\${b}", ["names another value"]),
        ("images=a,tain.epochs=3", ["'tain' is unknown; did you mean 'train'?", "images='...,"]),
        ("photos", ["'photos' is no parameter", "'images=photos'"]),
        ("images:photos", ["'images:photos' is no parameter", "'images=photos'"]),
        ("seed", ["'seed' is no parameter", "name=value", "'seed=...'"]),
        ("train.epochs", ["'train.epochs' is no parameter", "'train.epochs=...'"]),
        ("images", ["'images' is no parameter", "'images=path/to/photos'"]),
        ("build.layers[0].conv2d.filters=8", ["part of build.layers", "parameters_build.yml"]),
        ("augment.transforms.0=null", ["part of augment.transforms", "'augment.transforms=["]),
        ("=3", ["'=3' is no parameter"]),
        ("ingest.image_size=[20,400", ["ingest.image_size is '[20,400'", "not YAML", "[96, 96]"]),
        ("seed=${a", ["'seed=${a' cannot be set"]),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_type(typed, said):
    with pytest.raises(ConfigurationError) as error:
        read_parameters(typed)
    assert [part for part in said if part not in str(error.value)] == []


def test_a_backslash_takes_its_meaning_from_a_reference(load_conf):
    given = read_parameters(r"images=a\${b}")
    assert load_conf(**given)["catalog"]["raw_images"]["filepath"] == "a${b}"
    assert read_parameters(write_parameters(given)) == given


texts = st.text(min_size=1).filter(lambda text: "${" not in text and text != "???")
numbers = st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, width=32)


@given(
    images=texts,
    model=texts,
    group=st.none() | texts,
    size=st.lists(st.integers(), max_size=3),
    value=numbers | st.sampled_from(["auto", "exact", "yes", "null", "1", "a b"]),
)
def test_what_is_written_is_read_again(images, model, group, size, value):
    values = {
        "images": images,
        "predict": {"model": model},
        "ingest": {"group_by": group, "image_size": size},
        "train": {"learning_rate": value},
    }
    assert read_parameters(write_parameters(values)) == values


def test_the_texts_are_those_of_the_models():
    found = find_texts()
    assert found["images"] is False
    assert found["explain.images"] is True
    assert found["register.model_name"] is False
    assert {"ingest.group_by", "ingest.background", "card.limits", "verify.model"} <= set(found)
    assert not {"ingest.color_mode", "promote.version", "train.precision", "seed"} & set(found)


@pytest.mark.parametrize("value", [202405, True, 1000.0, ["a"]])
def test_what_yaml_has_made_of_a_text_in_a_file_is_refused_with_the_quoting(load_conf, value):
    raw = load_conf()["parameters"] | {"images": value}
    with pytest.raises(ConfigurationError, match=r"images is .*put it in quotes in the file"):
        check_parameters(raw)
