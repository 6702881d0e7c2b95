"""Models as ``.keras`` files whose bytes depend on the model alone."""

import json
import zipfile
from pathlib import Path

from onion_pipeline.annotations import KerasModel

METADATA = "metadata.json"


def save_model(model: KerasModel, path: Path) -> None:
    """Write `model` in the ``.keras`` format; the same model gives the same bytes.

    Keras itself writes the time into the metadata and into the archive, so that checksums of
    two equal models differ.

    Args:
        model: to be saved.
        path: of the file, which ends in ``.keras``.
    """
    dated = path.with_name(f"dated-{path.name}")
    try:
        model.save(dated)
        with zipfile.ZipFile(dated) as source, zipfile.ZipFile(path, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                undated = _remove_date(content) if name == METADATA else content
                target.writestr(zipfile.ZipInfo(name), undated)  # which is of 1980
    finally:
        dated.unlink(missing_ok=True)


def _remove_date(metadata: bytes) -> bytes:
    known = json.loads(metadata)
    return json.dumps(
        {name: value for name, value in known.items() if name != "date_saved"}
    ).encode()
