"""The sandbox server: every vendor under its own path prefix, on this machine only.

What lives here: the application, the two ways to run it, and the environment that points at it.
What never does: a vendor's behaviour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from orchestration.errors import ConfigurationError
from orchestration.sandbox.faults import FaultLayer, Faults, error_shape
from orchestration.sandbox.google import Google
from orchestration.sandbox.klaviyo import Klaviyo
from orchestration.sandbox.meta import Meta
from orchestration.sandbox.postscript import Postscript
from orchestration.sandbox.tiktok import TikTok
from orchestration.sandbox.truth import VENDORS, Truth
from orchestration.sandbox.windows import WindowLayer, Windows
from orchestration.sandbox.wire import (
    GOOGLE_ACCOUNT_ID,
    META_ACCOUNT_ID,
    SECRETS,
    TIKTOK_ADVERTISER_ID,
)

HOST = "127.0.0.1"
START_SECONDS_MAX = 15.0
# What a demo delivers to: Postscript takes one person a request and fifteen requests a second.
QUICK_DESTINATIONS = ("klaviyo", "meta", "google", "tiktok", "file")
# Objects that are the account itself: there is nothing to create.
ACCOUNTS = frozenset(
    {"profiles", "suppression", "unsubscription", "deletion", "subscribers", "redaction"}
)
# Vendors whose lists and datasets have ids of their own: one's id is unknown to the other.
APART = frozenset({"meta", "google"})


def build_app(truth: Truth, windows: Windows | None = None) -> Starlette:
    """The application over one record; ``/_truth``, ``/_writes``, ``/_faults`` and
    ``/_subscribers`` are ours.

    Args:
        windows: rate limits that are enforced; none without.
    """
    faults = Faults()

    async def read_truth(_: Request) -> Response:
        return JSONResponse({**truth.summary(), "faults_played": faults.played_count})

    async def read_writes(_: Request) -> Response:
        return JSONResponse(truth.writes())

    async def change_faults(request: Request) -> Response:
        if request.method == "DELETE":
            faults.reset()
            return JSONResponse({})
        try:
            faults.load(await request.json())
        except (ValueError, KeyError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({})

    postscript = Postscript(truth)

    async def subscribe(request: Request) -> Response:
        """People subscribe themselves, at the vendor's own form: a list of phones."""
        postscript.subscribe(await request.json())
        return JSONResponse({})

    vendors = {
        "klaviyo": Klaviyo(truth).routes(),
        "meta": Meta(truth).routes(),
        "google": Google(truth).routes(),
        "tiktok": TikTok(truth).routes(),
        "postscript": postscript.routes(),
    }
    mounts = [
        Mount(
            f"/{name}",
            app=_limited(FaultLayer(Starlette(routes=routes), name, faults), name, windows),
        )
        for name, routes in vendors.items()
    ]
    return Starlette(
        routes=[
            Route("/_truth", read_truth, methods=["GET"]),
            Route("/_writes", read_writes, methods=["GET"]),
            Route("/_faults", change_faults, methods=["POST", "DELETE"]),
            Route("/_subscribers", subscribe, methods=["POST"]),
            *mounts,
        ],
        # A web page must not reach a loopback server under another name.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def _limited(app: ASGIApp, vendor: str, windows: Windows | None) -> ASGIApp:
    return app if windows is None else WindowLayer(app, vendor, windows, error_shape(vendor))


def serve(state_dir: Path, port: int, objects: Mapping[str, Iterable[str]]) -> None:
    """Run until interrupted.

    Args:
        objects: names of objects per vendor, ``vip`` or ``list/vip``; what is the account itself
            or comes to be by use needs none. A vendor's id of an object is its name here. Unknown
            ids answer 404.

    Raises:
        ConfigurationError: an unknown vendor in ``objects``.
    """
    truth = _open(state_dir, objects)
    try:
        _server(truth, port).run()
    finally:
        truth.close()


@contextmanager
def start_in_background(
    state_dir: Path,
    objects: Mapping[str, Iterable[str]],
    port: int = 0,
    windows: Windows | None = None,
) -> Iterator[str]:
    """Run in a thread and yield the base URL, e.g. ``http://127.0.0.1:41234``.

    Args:
        port: 0 for any free port.
        windows: rate limits that are enforced; none without.

    Raises:
        ConfigurationError: an unknown vendor in ``objects``, or the port is taken.
    """
    truth = _open(state_dir, objects)
    server = _server(truth, port, windows)
    thread = threading.Thread(target=_run, args=(server,), name="sandbox", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{_wait_for_port(server, thread)}"
    finally:
        server.should_exit = True
        thread.join(timeout=START_SECONDS_MAX)
        truth.close()


def sandbox_environment(base: str) -> dict[str, str]:
    """The variables that point every destination at the sandbox at ``base``."""
    environment = {}
    for vendor, secret in SECRETS.items():
        prefix = f"TRIBUTARY_{vendor.upper()}"
        environment[f"{prefix}_URL"] = f"{base}/{vendor}"
        environment[f"{prefix}_SECRET"] = secret
    environment["TRIBUTARY_META_ACCOUNT_ID"] = META_ACCOUNT_ID
    environment["TRIBUTARY_GOOGLE_ACCOUNT_ID"] = GOOGLE_ACCOUNT_ID
    environment["TRIBUTARY_TIKTOK_ACCOUNT_ID"] = TIKTOK_ADVERTISER_ID
    return environment


def _open(state_dir: Path, objects: Mapping[str, Iterable[str]]) -> Truth:
    # Files are nobody's server.
    unknown = sorted(set(objects) - {*VENDORS, "file"})
    if unknown:
        raise ConfigurationError(
            f"The sandbox has no vendor '{unknown[0]}'.", remedy=f"Known: {', '.join(VENDORS)}."
        )
    truth = Truth(state_dir)
    truth.add_objects(
        {
            vendor: [made for name in names if (made := _made(vendor, name))]
            for vendor, names in objects.items()
            if vendor in VENDORS
        }
    )
    return truth


def _made(vendor: str, name: str) -> str:
    """What has to be made for an object; nothing where it is the account, or comes by use."""
    kind, _, rest = name.rpartition("/")
    if kind == "conversions" and vendor in APART:
        return name
    return "" if kind == "events" or name in ACCOUNTS else rest


def _server(truth: Truth, port: int, windows: Windows | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        build_app(truth, windows), host=HOST, port=port, log_level="critical", access_log=False,
        lifespan="off", timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


def _run(server: uvicorn.Server) -> None:
    try:
        server.run()
    except SystemExit:
        # uvicorn's way to say that the port is taken; the starter sees that it never started.
        return


def _wait_for_port(server: uvicorn.Server, thread: threading.Thread) -> int:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ConfigurationError(
                "The sandbox did not start.", remedy="Choose another port, or 0 for a free one."
            )
        time.sleep(0.005)
    return int(server.servers[0].sockets[0].getsockname()[1])
