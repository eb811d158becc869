"""The server around the application: bounded, silent, and started only with something to hear."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app as commands
from orchestration.collector import serving
from orchestration.collector.app import build_app
from orchestration.collector.bounds import Limits
from orchestration.collector.segments import Segments
from orchestration.errors import ConfigurationError
from orchestration.ledger import open_ledger, utc_now
from tests.unit.activation.world import settings_in
from tests.unit.collector.world import EVENTS, RECEIVED, Recorder


@contextmanager
def served(folder: Path) -> Iterator[int]:
    settings = settings_in(folder)
    with open_ledger(settings, now=utc_now) as ledger, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        segments = Segments(serving.segments_folder(settings), time.monotonic)
        app = build_app(
            RECEIVED, ledger, Recorder(), segments, now=utc_now, limits=Limits(read_seconds=0.3)
        )
        server = serving.server(app, host="127.0.0.1", port=0, proxy=None)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def answer_to(port: int, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        return connection.recv(4_096).split(b"\r\n")[0]


def test_heads_are_bounded_and_a_body_that_never_ends_is_cut_off(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start = b"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + EVENTS.encode()
    with served(tmp_path) as port:
        assert b" 400 " in answer_to(port, start + b"\r\nX: " + b"jane@example.com" * 5_000)
        many = b"".join(b"\r\nX-%d: x" % number for number in range(80))
        assert b" 431 " in answer_to(port, start + many + b"\r\n\r\n")
        begun = time.monotonic()
        slow = answer_to(port, start + b"\r\nContent-Length: 100\r\n\r\n{", b'"email":')
        assert b" 408 " in slow
        assert time.monotonic() - begun < 3
        assert b" 404 " in answer_to(port, b"GET /jane@example.com HTTP/1.1\r\nHost: x\r\n\r\n")
    shown = capfd.readouterr()
    assert "example.com" not in shown.out + shown.err


def test_the_command_refuses_to_hear_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"TRIBUTARY_HOME": str(tmp_path)})
    answer = CliRunner().invoke(commands, ["serve"])
    assert isinstance(answer.exception, ConfigurationError)
    assert not list(tmp_path.iterdir())
