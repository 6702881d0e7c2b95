import pytest

from onion_pipeline import errors


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigurationError, ValueError),
        (errors.LayerError, errors.ConfigurationError),
        (errors.TransformError, errors.ConfigurationError),
        (errors.DataError, ValueError),
        (errors.TrainingDivergedError, ArithmeticError),
        (errors.RegistryError, RuntimeError),
    ],
)
def test_every_error_is_an_onion_error_and_of_a_builtin_kind(kind, builtin):
    assert issubclass(kind, errors.OnionError)
    assert issubclass(kind, builtin)


@pytest.mark.parametrize(
    ("found", "near"), [("dens", "dense"), ("Flaten", "flatten"), ("DROPOUT", "dropout")]
)
def test_suggest_names_the_nearest_whatever_the_case(found, near):
    message = errors.suggest(found, ["flatten", "dense", "dropout"])
    assert message == (
        f"{found!r} is unknown; did you mean {near!r}? Allowed: dense, dropout, flatten."
    )


def test_suggest_keeps_the_spelling_of_the_allowed_name():
    assert "did you mean 'HorizontalFlip'?" in errors.suggest("horizontalflp", ["HorizontalFlip"])


def test_suggest_guesses_nothing_if_nothing_is_near():
    assert errors.suggest("xyz", ["dense"]) == "'xyz' is unknown. Allowed: dense."


def test_suggest_counts_long_lists_instead_of_listing_them():
    names = [f"name_{number}" for number in range(40)]
    assert "Allowed: 40 names." in errors.suggest("xyz", names)
    assert "Allowed: " + ", ".join(sorted(names[:30])) in errors.suggest("xyz", names[:30])


@pytest.mark.parametrize(
    ("names", "mark", "listed"),
    [
        ("ab", ",", "a, b"),
        ("abc", ",", "a, b and 1 more"),
        ("abcd", ";", "a; b; and 2 more"),
        ("", ",", ""),
    ],
)
def test_of_many_names_some_are_listed(names, mark, listed):
    assert errors.list_some(list(names), 2, mark) == listed
