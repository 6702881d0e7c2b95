import pytest

from onion_pipeline.reporting.phrases import (
    NO_BREAK,
    escape_text,
    is_known,
    join_names,
    show_count,
    show_interval,
    show_level,
    show_number,
    show_share,
)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("red_fox", "red_fox"),
        ("_red_", "\\_red\\_"),
        ("a|b", "a\\|b"),
        ("*", "\\*"),
        ("<script>", "&lt;script&gt;"),
        ("a & b", "a &amp; b"),
        ("two\nlines", "two lines"),
        ("[x](y)", "\\[x\\](y)"),
        ("\u202eevil", "\\\\u202eevil"),  # would turn round the rest of the line
        ("猫", "猫"),
        ("  ", "␣␣"),
        ("", ""),
        (7, "7"),
    ],
)
def test_markup_in_a_name_is_escaped(name, written):
    assert escape_text(name) == written


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0"),
        (1.0, "100"),
        (0.5, "50.0"),
        (0.9996, "99.96"),
        (0.0001, "0.01"),
        (0.99996, "99.996"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share, shown):
    assert show_share(share) == f"{shown}{NO_BREAK}%"


@pytest.mark.parametrize(("value", "shown"), [(5000, "5,000"), (0.12345, "0.123"), (1.0, "1.000")])
def test_a_number_is_an_integer_with_thousands_or_has_three_places(value, shown):
    assert show_number(value) == shown


def test_an_interval_bears_its_unit_once():
    assert show_interval(0.25, 0.5) == f"25.0 to 50.0{NO_BREAK}%"
    assert show_interval(0.25, 0.5, share=False) == "0.250 to 0.500"


@pytest.mark.parametrize(("level", "shown"), [(0.95, "95"), (0.999, "99.9")])
def test_a_level_is_shown_as_it_was_asked_for(level, shown):
    assert show_level(level) == f"{shown}{NO_BREAK}%"


@pytest.mark.parametrize(
    ("count", "noun", "shown"),
    [(1, "picture", "1 picture"), (2000, "picture", "2,000 pictures"), (2, "class", "2 classes")],
)
def test_a_count_has_its_noun(count, noun, shown):
    assert show_count(count, noun).replace(NO_BREAK, " ") == shown


def test_names_are_joined_as_in_a_sentence():
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b"]) == "a and b"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_a_figure_without_a_value_is_not_known():
    values = [0.5, 1, None, float("nan"), float("inf"), "0.5"]
    assert [value for value in values if is_known(value)] == [0.5, 1]


def test_an_end_that_rounding_keeps_from_all_is_all():
    assert show_interval(0.973, 0.9999999999999997).replace(NO_BREAK, " ") == ("97.3 to 100 %")
