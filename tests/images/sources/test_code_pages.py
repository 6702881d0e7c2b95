import pytest

from onion_pipeline.images.sources.code_pages import describe_undecoded, find_code_pages


@pytest.mark.parametrize(
    ("names", "code_page"),
    [
        (["photos/猫/1.jpg", "photos/船/1.jpg"], "gbk"),
        (["貓/1.jpg", "鳥與魚/1.jpg"], "big5"),
        (["ねこ/1.jpg", "テスト画像/1.jpg"], "shift_jis"),
        (["кошка/1.jpg", "собака/1.jpg"], "cp866"),
        (["Äpfel/1.jpg", "Brötchen/1.jpg"], "cp1252"),
        (["café/1.jpg"], "cp1252"),
        (["Äpfel/1.jpg", "Brötchen/1.jpg"], "cp850"),
        (["łódź/1.jpg"], "cp852"),
    ],
)
def test_the_code_page_in_which_names_look_right_is_among_the_first(names, code_page):
    raw = [name.encode(code_page) for name in names]
    assert code_page in find_code_pages(raw)
    assert f"{code_page} {names[0]!r}" in describe_undecoded(raw, "photos.zip")


@pytest.mark.parametrize(
    ("name", "code_page"), [("猫/1.jpg", "gbk"), ("Äpfel/1.jpg", "cp1252"), ("café", "cp1252")]
)
def test_what_looks_right_comes_first(name, code_page):
    assert find_code_pages([name.encode(code_page)])[0] == code_page
