"""Options of the whole test suite."""

from __future__ import annotations

import pytest
from chromium import browser  # noqa: F401 - a fixture
from hypothesis import settings
from testkit import seen  # noqa: F401 - a fixture

# A test must not fail because the machine is busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--update-golden writes the files of tests/golden anew."""
    parser.addoption("--update-golden", action="store_true", help="write the files of tests/golden anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))
