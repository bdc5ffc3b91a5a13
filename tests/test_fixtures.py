"""The shared fixtures do what tests rely on."""

from __future__ import annotations

import socket
import urllib.request

import numpy as np
import pytest
import torch


def open_socket(method: str) -> None:
    with socket.socket() as opened:
        getattr(opened, method)(("127.0.0.1", 9))


@pytest.mark.parametrize("run", [1, 2])
def test_every_test_starts_from_the_same_seed(run: int, seed: int) -> None:
    expected = torch.rand(3, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(torch.rand(3), expected)
    assert np.random.rand() == np.random.RandomState(seed).rand()  # noqa: NPY002


@pytest.mark.parametrize(
    "use",
    [
        lambda: urllib.request.urlopen("http://example.org", timeout=1),
        lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        lambda: open_socket("connect"),
        lambda: open_socket("connect_ex"),
        lambda: socket.getaddrinfo("example.org", 80),
    ],
    ids=["urlopen", "create_connection", "connect", "connect_ex", "getaddrinfo"],
)
def test_network_use_fails_the_test(use, no_network) -> None:
    with pytest.raises(pytest.fail.Exception, match="the network was used"):
        use()
