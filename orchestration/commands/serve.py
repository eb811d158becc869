"""The commands of what listens: serve, and a reader's key.

What lives here: their options, and which room each calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; TLS ends before it.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8300,
    proxy: Annotated[
        str | None, typer.Option(help="Address whose X-Forwarded-For names the sender.")
    ] = None,
    profile_host: Annotated[
        str, typer.Option(help="Private address of the profile API; needs keys beyond loopback.")
    ] = "127.0.0.1",
    profile_port: Annotated[int, typer.Option(min=1, max=65_535)] = 8301,
    json: Json = False,
) -> None:
    """Receive opt-outs, preferences, orders and storefront events until told to end, let every
    connected channel know of opt-outs as they come, and answer who a person is to readers with a
    key."""
    import threading

    from orchestration.activation.serving import run_serving
    from orchestration.collector import serving
    from orchestration.collector.lanes import Lanes
    from orchestration.console import Output
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.profiles.serving import check_address, serving_profiles
    from orchestration.settings import CollectorSettings, ProfileSettings, Settings

    settings, received = Settings.from_env(), CollectorSettings.from_env()
    readers = ProfileSettings.from_env()
    check_address(readers, profile_host)
    heard = sorted([*received.webhook_secrets, *received.keys])
    profiles = f"http://{profile_host}:{profile_port}" if readers.keys else None
    Output.choose(json).answer(
        {"address": f"http://{host}:{port}", "hears": heard, "profiles": profiles},
        f"Listening at http://{host}:{port} for {', '.join(heard)}.",
        f"Profiles at {profiles} for {', '.join(key.name for key in readers.keys)}."
        if profiles
        else "Profiles are not served: no TRIBUTARY_PROFILE_KEYS is set.",
    )
    lanes, stop = Lanes(settings), threading.Event()
    with (
        open_ledger(settings) as ledger,
        serving_profiles(
            settings, readers, ledger, host=profile_host, port=profile_port, now=utc_now
        ),
    ):
        sender = threading.Thread(target=run_serving, args=(settings, ledger, stop), name="sender")
        sender.start()
        try:
            serving.serve(
                settings,
                received,
                host=host,
                port=port,
                proxy=proxy,
                now=utc_now,
                opt_outs=lanes,
                opt_ins=lanes,
            )
        finally:
            stop.set()
            sender.join()


def reader(
    name: Annotated[str, typer.Argument(help="Who reads: small letters, digits, - and _.")],
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="profile:read, consent:read, profile:contact; may repeat."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a reader's key for the profile API: shown once, kept as a digest only."""
    import hashlib
    import secrets

    from orchestration.console import Output
    from orchestration.settings import ProfileSettings

    key = secrets.token_urlsafe(32)
    shown = "+".join(scopes or ["profile:read", "consent:read"])
    entry = f"{name}:{shown}:{hashlib.sha256(key.encode()).hexdigest()}"
    ProfileSettings.from_env({"TRIBUTARY_PROFILE_KEYS": entry})
    Output.choose(json).answer(
        {"key": key, "entry": entry},
        f"Key of {name}, shown once: {key}",
        f"Add to TRIBUTARY_PROFILE_KEYS or the file of TRIBUTARY_PROFILE_KEYS_FILE:\n{entry}",
    )
