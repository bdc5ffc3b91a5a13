"""Fixtures for the tests of every package: pytest reads this file for all folders below it."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import torch

SEED = 20240418


@pytest.fixture(autouse=True)
def seed() -> int:
    """Seed random, numpy and torch before each test, so that none depends on those before it."""
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - libraries under test may draw from the global generator
    torch.manual_seed(SEED)
    return SEED


@pytest.fixture(scope="session")
def data_folder(pytestconfig: pytest.Config) -> Path:
    """Return the folder of test data: GREFINE_DATA, or `shared` beside the checkout; skip without either."""
    named = os.environ.get("GREFINE_DATA")
    if named:
        if not Path(named).is_dir():
            pytest.fail(f"GREFINE_DATA names no folder: {named}")  # a skip would hide the typing error
        return Path(named).resolve()
    folder = pytestconfig.rootpath.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs test data: set GREFINE_DATA, or put the folder `shared` beside the checkout")
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test at the first look-up of a name or connection to another machine.

    Covers this process only; a command that a test starts is not held back.
    """

    def refuse(*args: Any, **_: Any) -> NoReturn:
        # pytest's own outcome: code under test that catches OSError or Exception cannot hide it
        pytest.fail(f"the network was used: {args[-1]!r}")

    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original: Any) -> Any:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family == getattr(socket, "AF_UNIX", None):  # between processes of this machine
                return original(self, address)
            return refuse(address)

        return call

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
