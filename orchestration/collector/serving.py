"""The process that listens: the application under its server, and nothing in its log.

What lives here: how the server is bounded, opened and ended.
What never does: TLS; a proxy in front ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from orchestration.collector.app import build_app
from orchestration.collector.optouts import OptIns, OptOuts, SuppressionsOnly
from orchestration.collector.segments import Segments
from orchestration.ledger import open_ledger
from orchestration.settings import CollectorSettings, Settings

_CONNECTIONS_MAX = 512
_HEAD_BYTES_MAX = 32 * 1024
_IDLE_SECONDS = 5
_END_SECONDS = 10


def segments_folder(settings: Settings) -> Path:
    """Where storefront events and orders wait for landing."""
    return settings.segments_dir


def serve(
    settings: Settings,
    received: CollectorSettings,
    *,
    host: str,
    port: int,
    proxy: str | None,
    now: Callable[[], datetime],
    opt_outs: OptOuts | None = None,
    opt_ins: OptIns | None = None,
) -> None:
    """Listen until the process is told to end.

    Args:
        proxy: address whose X-Forwarded-For is believed; None: nobody's.
        opt_outs: what an opt-out sets off; by default its addresses are suppressed.
        opt_ins: what a proven opt-in sets off; without, it is recorded and lifts nothing.
    """
    with open_ledger(settings, now=now) as ledger:
        segments = Segments(segments_folder(settings), time.monotonic)
        app = build_app(
            received,
            ledger,
            opt_outs or SuppressionsOnly(),
            segments,
            now=now,
            opt_ins=opt_ins,
        )
        server(app, host=host, port=port, proxy=proxy).run()


def server(app: Starlette, *, host: str, port: int, proxy: str | None) -> uvicorn.Server:
    """The server: bounded heads and connections, no access log, no names in its answers."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=proxy is not None,
            forwarded_allow_ips=proxy or "",
            limit_concurrency=_CONNECTIONS_MAX,
            h11_max_incomplete_event_size=_HEAD_BYTES_MAX,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=_END_SECONDS,
        )
    )
