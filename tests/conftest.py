"""Shared fixtures: where the public logs are, and books made from them."""

from __future__ import annotations

from pathlib import Path

import pytest

LOGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "logs"


@pytest.fixture(scope="session")
def logs() -> Path:
    """Folder of public event logs, which lies beside the checkout and not in it."""
    if not LOGS.is_dir():
        pytest.skip("the public event logs are not beside this checkout (../shared/data/logs)")
    return LOGS
