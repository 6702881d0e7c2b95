import hashlib

import numpy as np
import pandas as pd
import pytest

from onion_pipeline.errors import RegistryError
from onion_pipeline.images.arrays import make_keys
from onion_pipeline.registry.attachments import (
    SEEN_IMAGES,
    pack_images,
    read_seen_images,
    write_files,
)


def test_the_images_that_a_model_has_seen_are_read_as_they_were_packed(tmp_path):
    checksums = [hashlib.sha256(bytes([n])).hexdigest() for n in range(99)]
    packed = pack_images(pd.Series([*checksums, checksums[0]]))
    write_files(tmp_path, {SEEN_IMAGES: packed, "made/card.md": b"# Card"})
    found = read_seen_images(tmp_path)
    assert found.dtype == np.uint64
    assert found.tolist() == sorted(make_keys(pd.Series(checksums)).tolist())
    assert (tmp_path / "attachments" / "made" / "card.md").read_bytes() == b"# Card"
    assert pack_images(pd.Series(checksums[::-1])) == packed


def test_a_model_that_has_seen_nothing_says_so_and_one_that_does_not_is_refused(tmp_path):
    with pytest.raises(RegistryError, match="does not say which images"):
        read_seen_images(tmp_path)
    write_files(tmp_path, {SEEN_IMAGES: pack_images(pd.Series([], dtype="str"))})
    assert read_seen_images(tmp_path).tolist() == []
