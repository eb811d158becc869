"""Commands of people who look after the ledger: verify, backup, restore, confirm.

What lives here: their options, and which room each one calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ledger_app = typer.Typer(help="Verify, copy and restore the ledger.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Actor = Annotated[str | None, typer.Option(help="Who says so; by default who is logged in.")]


@ledger_app.command()
def verify(json: Json = False) -> None:
    """Check pages, chain and everything that its links speak of."""
    from dataclasses import asdict

    from orchestration.console import Output
    from orchestration.ledger import gaps, open_ledger, utc_now
    from orchestration.settings import Settings

    with open_ledger(Settings.from_env(), now=utc_now) as ledger:
        links = ledger.verify()
        with ledger.read() as connection:
            gap = gaps.open_gap(connection)
    Output.choose(json).answer(
        {"links": links, "is_whole": True, "restore_gap": None if gap is None else asdict(gap)},
        f"The ledger is whole: {links:,} links, each as it was written.",
        "Sending stops until the opt-outs that a restore may have lost are in again."
        if gap
        else "Nothing stops sending.",
    )


@ledger_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; its .anchor beside it.")],
    json: Json = False,
) -> None:
    """Copy the ledger at one moment, while others go on writing, and verify the copy."""
    from orchestration.console import Output
    from orchestration.ledger.backup import back_up
    from orchestration.settings import Settings

    made = back_up(Settings.from_env(), file)
    Output.choose(json).answer(
        {"file": made.file, "links": made.links},
        f"{made.links:,} links copied to {made.file} and verified. Keep its .anchor with it.",
    )


@ledger_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What 'ledger backup' wrote.")],
    reason: Annotated[
        str | None, typer.Option(help="Why a backup that is older than the anchor must do.")
    ] = None,
    actor: Actor = None,
    json: Json = False,
) -> None:
    """Put a backup in the ledger's place; an older one stops sending until you confirm."""
    import getpass

    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.ledger.backup import restore as put_back
    from orchestration.settings import Settings

    done = put_back(
        Settings.from_env(), file, reason=reason, actor=actor or getpass.getuser(), now=utc_now
    )
    lines = [f"{done.links:,} links restored."]
    if done.replaced is not None:
        lines.append(f"The ledger of before stands in {done.replaced}, personal data included.")
    if done.lost_links:
        lines.append(
            f"Up to {done.lost_links:,} links are lost. Nothing is sent until the opt-outs since "
            "then are in again: tributary ledger confirm --reason '…'"
        )
    Output.choose(json).answer(
        {"links": done.links, "lost_links": done.lost_links, "replaced": done.replaced}, *lines
    )


@ledger_app.command()
def confirm(
    reason: Annotated[str, typer.Option(help="How the opt-outs came in again.")],
    actor: Actor = None,
    json: Json = False,
) -> None:
    """Say that the opt-outs which a restore may have lost are in again; sending goes on."""
    import getpass

    from orchestration.console import Output
    from orchestration.errors import ConfigurationError
    from orchestration.ledger import gaps, open_ledger, utc_now
    from orchestration.settings import Settings

    if not reason.strip():
        raise ConfigurationError("No reason is given.", remedy="Say how with --reason.")
    with (
        open_ledger(Settings.from_env(), now=utc_now) as ledger,
        ledger.transaction() as connection,
    ):
        closed = gaps.close(
            connection, actor=actor or getpass.getuser(), reason=reason, at=utc_now()
        )
    said = f"{closed} restores confirmed." if closed else "There is nothing to confirm."
    Output.choose(json).answer({"confirmed": closed}, said)
