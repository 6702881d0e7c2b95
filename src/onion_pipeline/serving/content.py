"""The files of a model that is served: its weights, and what is not in them; their identity."""

import hashlib
import json
from pathlib import Path
from zipfile import BadZipFile

from onion_pipeline.annotations import KerasModel
from onion_pipeline.errors import RegistryError
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.saving import save_model
from onion_pipeline.serving.config import ServingConfig

WEIGHTS, CONFIG = "model.keras", "serving.json"


def hash_content(model: KerasModel, config: ServingConfig) -> str:
    """Return a checksum of what a model answers with: layers, weights and how they are served.

    Two files of the same model differ, in the times that they hold; their checksums do not.
    """
    digest = hashlib.blake2b(digest_size=32)
    digest.update(json.dumps([model.get_config(), config.as_dictionary()], sort_keys=True).encode())
    for weights in model.get_weights():
        digest.update(f"{weights.dtype} {weights.shape};".encode())
        digest.update(weights.tobytes())
    return digest.hexdigest()


def write_content(folder: Path, model: KerasModel, config: ServingConfig) -> tuple[Path, Path]:
    """Write a model and its configuration to `folder`, and return their files."""
    weights, text = folder / WEIGHTS, folder / CONFIG
    save_model(model, weights)
    text.write_text(json.dumps(config.as_dictionary(), indent=2), encoding="utf-8")
    return weights, text


def read_content(folder: Path) -> tuple[KerasModel, ServingConfig]:
    """Return the model and the configuration in `folder`.

    Raises:
        RegistryError: they are none that :func:`write_content` wrote, or are damaged.
    """
    try:
        text = (folder / CONFIG).read_text(encoding="utf-8")
        config = ServingConfig.from_dictionary(json.loads(text))
        model = import_keras().models.load_model(folder / WEIGHTS, compile=False, safe_mode=True)
    except (BadZipFile, KeyError, OSError, TypeError, ValueError) as error:
        (reason, *_) = str(error).splitlines() or [""]
        raise RegistryError(f"it cannot be read: {type(error).__name__}: {reason}") from error
    return model, config
