"""The private port: where profiles are answered, beside the collector and apart from it.

What lives here: which address may be listened at, and the server's thread.
What never does: TLS; a public address without keys.
"""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from orchestration.collector.serving import server
from orchestration.errors import ConfigurationError
from orchestration.ledger import Ledger
from orchestration.profiles.app import build_app
from orchestration.settings import LOOPBACK_HOSTS, ProfileSettings, Settings

_BACKLOG = 512


def check_address(readers: ProfileSettings, host: str) -> None:
    """
    Raises:
        ConfigurationError: others could reach the address, and nobody needs a key.
    """
    if host not in LOOPBACK_HOSTS and not readers.keys:
        raise ConfigurationError(
            f"Profiles would be open to others at {host}, and no key is set.",
            remedy="Set TRIBUTARY_PROFILE_KEYS ('tributary reader NAME' makes one), or listen at "
            "127.0.0.1.",
        )


@contextmanager
def serving_profiles(
    settings: Settings,
    readers: ProfileSettings,
    ledger: Ledger,
    *,
    host: str,
    port: int,
    now: Callable[[], datetime],
) -> Iterator[int | None]:
    """Answer at the address inside the block; the port, or None where no key is set: without a
    key nobody could be answered.

    Raises:
        ConfigurationError: see ``check_address``; or the address cannot be listened at.
    """
    check_address(readers, host)
    if not readers.keys:
        yield None
        return
    app = build_app(settings, readers, ledger, now=now)
    with _listening(host, port) as listening:
        one = server(app, host=host, port=port, proxy=None)
        thread = threading.Thread(target=one.run, args=([listening],), name="profiles")
        thread.start()
        while not one.started and thread.is_alive():
            time.sleep(0.005)
        # What the process has loaded by now stays: looking through it for garbage would stop
        # everybody for a tenth of a second, twice or three times a minute.
        gc.collect()
        gc.freeze()
        try:
            yield int(listening.getsockname()[1])
        finally:
            one.should_exit = True
            thread.join()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"Profiles cannot be served at {host}:{port} ({error.strerror}).",
            remedy="Give another --profile-host or --profile-port.",
        ) from error
