"""What the mock and a server that differs from it answered, asked once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from contracts.compare.recording import Case
from contracts.target.mock import served
from tests.contracts.compare.stand_in import ORIGIN, TODAY, cases_at, different, stand_in


@pytest.fixture(scope="package")
def mock_url() -> Iterator[str]:
    with served() as mock:
        yield mock.url


@pytest.fixture(scope="package")
def mock_cases(mock_url: str) -> list[Case]:
    return cases_at(mock_url, ORIGIN._replace(target="the mock"))


@pytest.fixture(scope="package")
def other_cases(mock_url: str) -> list[Case]:
    with stand_in(mock_url, different) as url:
        return cases_at(url, ORIGIN._replace(recorded=TODAY - timedelta(days=12)))
