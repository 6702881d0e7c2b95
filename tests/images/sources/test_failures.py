import sys
from types import SimpleNamespace

import pytest

from onion_pipeline.images.sources.failures import fail_as_os_error


def fail(error: BaseException, cause: BaseException | None = None) -> OSError:
    """Return what comes of `error`."""
    try:
        with fail_as_os_error():
            raise error from cause
    except OSError as raised:
        return raised


@pytest.mark.parametrize("kind", [OSError, FileNotFoundError, PermissionError, TimeoutError])
def test_plain_errors_stay_as_they_are(kind):
    error = kind(2, "what happened", "where")
    assert fail(error) is error


@pytest.mark.parametrize("kind", [OSError, FileNotFoundError, PermissionError])
def test_addresses_lose_their_credentials(kind):
    error = fail(kind("https://me:secret@host/a?token=secret"))
    assert type(error) is kind
    assert str(error) == f"{kind.__name__}: https://host/a?..."


def test_errors_of_libraries_become_os_errors(monkeypatch):
    class HttpError(Exception):
        pass

    monkeypatch.setitem(sys.modules, "gcsfs.retry", SimpleNamespace(HttpError=HttpError))
    error = fail(HttpError("Forbidden"))
    assert type(error) is OSError
    assert str(error) == "HttpError: Forbidden"


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), fail_as_os_error():
        raise ZeroDivisionError


def make_web_error(name: str, **attributes) -> Exception:
    kind = type(name, (Exception,), {"__module__": "aiohttp.client_exceptions", **attributes})
    return kind("reason")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (make_web_error("ClientResponseError", status=404), FileNotFoundError),
        (make_web_error("ClientResponseError", status=403), OSError),
        (make_web_error("ClientConnectorError"), OSError),
        (KeyError("reason"), FileNotFoundError),
    ],
)
def test_what_is_missing_is_told_from_what_cannot_be_reached(cause, kind):
    assert type(fail(FileNotFoundError("https://host/a"), cause)) is kind
