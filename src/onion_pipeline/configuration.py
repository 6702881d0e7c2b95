"""How the files in ``conf/`` are read."""

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from onion_pipeline.errors import ConfigurationError


class ConfigLoader(OmegaConfigLoader):
    """Kedro's, which can do without the environment that nobody has asked for.

    It is ``conf/local``, for what is never shared: version control leaves its files out, and an
    image of a container the whole folder. The files are read once: Kedro would read them again for
    each hook that asks, half a second in all.
    """

    def __init__(
        self, conf_source: str | Path, *arguments: Any, default_run_env: str = "", **named: Any
    ) -> None:
        source = Path(conf_source)
        if source.is_dir() and not (source / default_run_env).is_dir():
            default_run_env = named["base_env"]
        self._read: dict[str, Any] = {}
        super().__init__(conf_source, *arguments, default_run_env=default_run_env, **named)

    def __setitem__(self, key: str, value: Any) -> None:
        self._read.clear()  # the other kinds may depend on it
        super().__setitem__(key, value)

    def __getitem__(self, key: str) -> Any:
        """Return what the files of one kind say; whoever changes it changes a copy.

        Raises:
            MissingConfigException: there are none.
            ConfigurationError: one of them is no YAML, or names a value that is not there.
        """
        if key in self:  # somebody has set it
            return super().__getitem__(key)
        if key not in self._read:
            self._read[key] = self._read_files(key)
        return deepcopy(self._read[key])

    def _read_files(self, key: str) -> Any:
        try:
            found = super().__getitem__(key)
        except (OmegaConfBaseException, YAMLError) as error:
            (first, *_) = str(error).splitlines()
            also = ", or in --params" if key == "parameters" else ""
            raise ConfigurationError(
                f"{key}*.yml in {self.conf_source} cannot be read: {first.rstrip('.')}. Mend it "
                f"there{also}; a text with signs such as : # {{ [ stands in quotes."
            ) from error
        if key == "catalog":
            # Kedro takes the ~ that a shell leaves alone in images=~/photos for a folder of the
            # project; pathlib fails on ~nobody.
            for entry in found.values():
                if isinstance(entry, dict) and isinstance(entry.get("filepath"), str):
                    entry["filepath"] = os.path.expanduser(entry["filepath"])  # noqa: PTH111
        return found
