"""A character that the usual font lacks is looked for in the others of the machine."""

from onion_pipeline.drawing import fonts


def find(characters: str) -> dict[str, str]:
    return fonts.find_families(frozenset(characters))


def test_a_font_is_found_by_the_characters_that_it_has(install_fonts):
    install_fonts("猫犬", family="Whatever It Is Called")
    assert find("a猫犬") == dict.fromkeys("猫犬", "Whatever It Is Called")


def test_a_bold_font_is_better_than_none(install_fonts):
    install_fonts("猫", weight=700)
    assert find("猫") == {"猫": "Made"}


def test_a_font_that_has_a_box_for_everything_is_none(install_fonts):
    assert find("猫") == {}
    install_fonts("猫\ufdd0")
    assert find("猫") == {}


def test_fonts_are_looked_through_only_for_what_the_usual_one_lacks(install_fonts, monkeypatch):
    monkeypatch.setattr(fonts, "_list_fonts", lambda: 1 / 0)
    assert find("abc\näß Ж ك") == {}


def test_a_font_that_is_damaged_or_gone_is_passed_over(install_fonts, monkeypatch, tmp_path):
    from matplotlib import font_manager

    damaged = tmp_path / "damaged.ttf"
    damaged.write_bytes(b"no font")
    install_fonts("猫")
    listed = font_manager.findSystemFonts()
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(damaged), *listed])
    manager = font_manager.fontManager
    gone = manager.ttflist[0].__class__(fname=str(tmp_path / "gone.ttf"), name="Sans", weight=400)
    manager.ttflist.insert(0, gone)
    assert find("猫") == {"猫": "Made"}


def test_a_blank_glyph_is_none(install_fonts):
    assert fonts.find_drawable(frozenset("a\u3164")) == {"a"}  # a letter that is nothing to see
