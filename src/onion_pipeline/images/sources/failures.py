"""What goes wrong between here and the bytes of a file, as one kind of error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from onion_pipeline.images.sources.names import hide_credentials

# What the libraries below fsspec raise besides OSError, by the module that defines it. They are
# looked up among the imported modules: none is needed to say that another one failed.
FAILURES = {
    "aiohttp": ("ClientError",),
    "azure.core.exceptions": ("AzureError",),
    "botocore.exceptions": ("BotoCoreError", "ClientError"),
    "gcsfs.retry": ("HttpError",),
    "google.auth.exceptions": ("GoogleAuthError",),
    "paramiko": ("SSHException",),
}


@contextmanager
def fail_as_os_error() -> Iterator[None]:
    """Raise whatever goes wrong on a network as ``OSError``, without credentials in its text."""
    try:
        yield
    except _list_failures() as error:
        cause = error.__cause__  # fsspec calls whatever happens on the web a missing file
        reason = cause if cause and type(cause).__module__.startswith("aiohttp") else error
        text = hide_credentials(f"{type(reason).__name__}: {reason}")
        if reason is error and isinstance(error, OSError) and str(error) in text:
            raise  # it says what is wrong as it is
        raise _find_kind(error, reason)(text) from error


def _find_kind(error: Exception, reason: BaseException) -> type[OSError]:
    if isinstance(error, FileNotFoundError):
        missing = reason is error or getattr(reason, "status", None) == HTTPStatus.NOT_FOUND
        return FileNotFoundError if missing else OSError
    return PermissionError if isinstance(error, PermissionError) else OSError


def _list_failures() -> tuple[type[Exception], ...]:
    present = ((sys.modules.get(module), names) for module, names in FAILURES.items())
    return (
        OSError,
        *(getattr(module, name) for module, names in present if module for name in names),
    )
