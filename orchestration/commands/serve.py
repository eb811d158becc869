"""The command that listens: serve.

What lives here: its options, and which room it calls.
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
    json: Json = False,
) -> None:
    """Receive opt-outs, preferences, orders and storefront events until told to end, and let every
    connected channel know of opt-outs as they come."""
    import threading

    from orchestration.activation.serving import run_serving
    from orchestration.collector import serving
    from orchestration.collector.lanes import Lanes
    from orchestration.console import Output
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.settings import CollectorSettings, Settings

    settings, received = Settings.from_env(), CollectorSettings.from_env()
    heard = sorted([*received.webhook_secrets, *received.keys])
    Output.choose(json).answer(
        {"address": f"http://{host}:{port}", "hears": heard},
        f"Listening at http://{host}:{port} for {', '.join(heard)}.",
    )
    lanes, stop = Lanes(settings), threading.Event()
    with open_ledger(settings) as ledger:
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
