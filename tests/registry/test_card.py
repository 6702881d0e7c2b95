from onion_pipeline.images.decoding import Rendering
from onion_pipeline.registry.card import ModelCard


def test_a_card_is_read_as_it_was_written(tmp_path):
    card = ModelCard(
        ["Zwiebel", "玉ねぎ", "0"], (28, 24, 1), Rendering("pad", "black", "first_frame")
    )
    card.write(tmp_path / "card.json")
    assert ModelCard.read(tmp_path / "card.json") == card
