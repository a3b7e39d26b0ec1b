"""The way from a test to the contract, a package of its own: loads it where it is asked for.

The server runs without it, so nothing here imports it when it loads.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import pytest

_PACKAGE, _MODULE = "contracts", "contracts.in_tests"


def contract_of(as_of: Any, url: str, key: str) -> Any:
    """A `contracts.in_tests.ImagesContract`, for the server at a base URL.

    Raises:
        pytest.fail.Exception: it can't be loaded; the text says what to do.
    """
    try:
        module = import_module(_MODULE)
    except ImportError as error:
        raise pytest.fail.Exception(f"images_contract: {_why_not(error)}", pytrace=False) from None
    return module.ImagesContract(as_of, url, key)


def _why_not(error: ImportError) -> str:
    hiding = getattr(sys.modules.get(_PACKAGE), "__path__", None)
    if error.name == _MODULE and hiding:
        return (
            f"{next(iter(hiding))} is what `import contracts` finds here, in the place of this "
            "package's own folder of that name. Give yours another name, or keep the folder in "
            "which it lies out of sys.path."
        )
    return f"{error}. Install what it needs: pip install 'openai-images-mock[contracts]'"
