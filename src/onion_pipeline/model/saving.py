"""Models as files whose bytes depend on the model alone."""

import json
import re
from collections import defaultdict
from itertools import count
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from onion_pipeline.annotations import KerasModel

SHARED = re.compile(r'(?<="shared_object_id": )\d+')


def save_model(model: KerasModel, path: Path) -> None:
    """Write a model to a ``.keras`` file.

    Keras writes down the time, and where objects lie in memory, by which it tells shared ones:
    the same model would be another file each time. Here, the first is left out, and the others
    are numbered.
    """
    model.save(path)
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[str, int] = defaultdict(count(1).__next__)
    config = members["config.json"].decode()
    config = SHARED.sub(lambda found: str(numbers[found[0]]), config)
    members["config.json"] = config.encode()
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    members["metadata.json"] = json.dumps(metadata).encode()
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)  # of the date with which such files begin
