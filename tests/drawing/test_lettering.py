"""The names of classes in figures: text, in any script, no two alike."""

import logging

import pytest

from onion_pipeline.drawing.lettering import write_names, write_page_names


@pytest.mark.parametrize("name", ["cat", "$10_to_$20", "a_b", "Ж", "قطة", "naïve", "a  b", "\\x"])
def test_a_name_that_can_be_drawn_stays_as_it_is(install_fonts, name):
    assert write_names([name], 12) == {name: name}


def test_a_name_in_a_script_that_some_font_has_stays_as_it_is(install_fonts):
    install_fonts("猫")
    assert write_names(["猫"], 14) == {"猫": "猫"}


def test_names_that_no_font_has_are_told_apart_by_their_codes(install_fonts):
    assert write_names(["猫", "犬"], 14) == {"猫": r"\u732b", "犬": r"\u72ac"}
    names = ["猫" * 20, "猫" * 21]
    assert len({*write_names(names, 14).values()}) == 2


def test_the_log_says_once_how_to_have_them_drawn(install_fonts, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(2):
        write_names(["猫", "cat"], 14)
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert "No font of this machine has 猫:" in record.message


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\rb", r"a\rb"),
        ("\u202eevil", r"\u202eevil"),  # would turn round what follows it
        (" cat", "␣cat"),
        ("cat  ", "cat␣␣"),
        (" ", "␣"),
        ("\u00a0", r"\xa0"),
    ],
)
def test_what_would_not_be_seen_is_seen(install_fonts, name, shown):
    assert write_names([name], 14) == {name: shown}
    assert write_page_names([name]) == {name: shown}


def test_long_names_are_cut_and_stay_apart(install_fonts):
    names = ["x" * 200, "x" * 199 + "y", "x" * 14]
    assert write_names(names, 14) == {
        names[0]: "x" * 11 + "…1",
        names[1]: "x" * 11 + "…2",
        names[2]: names[2],
    }


def test_names_that_become_alike_only_with_room_for_a_number_stay_apart(install_fonts):
    names = [start + end for start in ("x" * 13, "x" * 12 + "y") for end in ("ab", "cd")]
    assert len({*write_names(names, 14).values()}) == 4


def test_wide_characters_count_twice(install_fonts):
    install_fonts("猫")
    assert write_names(["猫" * 8], 14) == {"猫" * 8: "猫" * 6 + "…"}


def test_an_escape_is_not_cut_in_two(install_fonts):
    assert write_names(["猫猫猫"], 14) == {"猫猫猫": r"\u732b\u732b…"}


@pytest.mark.parametrize(
    ("name", "markup"),
    [
        ("<b>cat</b>", "&lt;b&gt;cat&lt;/b&gt;"),
        ("a<br>b", "a&lt;br&gt;b"),
        ("R&D &lt;", "R&amp;D &amp;lt;"),
        ("$10_to_$20", "&#36;10_to_&#36;20"),
        ("猫", "猫"),
    ],
)
def test_a_page_shows_tags_as_text(name, markup):
    assert write_page_names([name]) == {name: markup}
