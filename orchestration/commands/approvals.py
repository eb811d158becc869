"""Commands of people who sign: approve plans, sign and revoke standing approvals, make a key.

What lives here: their options, and which room each one calls.
What never does: work; a room imported outside a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.errors import ConfigurationError

if TYPE_CHECKING:
    from orchestration.ledger.standing import StandingApproval

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def approve(
    plan: Annotated[
        list[str] | None, typer.Argument(help="Hashes, or their first 8 characters.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(help="Why a plan that a guard halted may go nevertheless, or a revocation."),
    ] = None,
    standing: Annotated[
        str | None, typer.Option(help="Object whose plans may go by themselves: list/vip.")
    ] = None,
    destination: Annotated[str | None, typer.Option(help="Where that object is.")] = None,
    fields: Annotated[
        list[str] | None, typer.Option(help="Fields that may go, separated by commas.")
    ] = None,
    max_adds: Annotated[int | None, typer.Option(help="Most additions of a run.")] = None,
    max_removals: Annotated[int | None, typer.Option(help="Most removals of a run.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Until this day or moment, UTC.")] = None,
    revoke: Annotated[
        str | None, typer.Option(help="Beginning of a standing approval's signature.")
    ] = None,
    json: Json = False,
) -> None:
    """Sign plans with the key of TRIBUTARY_APPROVER_KEY_FILE, or a delivery's limits for long."""
    if revoke is not None:
        _revoke(revoke, reason, is_json=json)
    elif standing is not None:
        limits = {
            "--destination": destination, "--fields": fields, "--max-adds": max_adds,
            "--max-removals": max_removals, "--until": until,
        }  # fmt: skip
        _stand(standing, limits, is_json=json)
    elif plan:
        _approve(plan, reason, is_json=json)
    else:
        _list(is_json=json)


def _approve(plans: list[str], reason: str | None, *, is_json: bool) -> None:
    from orchestration import run
    from orchestration.activation import desk
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    settings = Settings.from_env()
    given = run.approve(settings, plans, reason=reason, now=utc_now)
    waiting = desk.waiting_for_more(settings, [one.plan_hash for one in given], now=utc_now)
    Output.choose(is_json).answer(
        {
            "approved": [
                {"plan_hash": one.plan_hash, "approver": one.approver, "until": one.expires_at}
                for one in given
            ],
            "waiting": waiting,
        },
        *(
            f"{one.plan_hash[:12]} approved by {one.approver} until {one.expires_at:%F %T} UTC."
            for one in given
            if one.plan_hash not in waiting
        ),
        *(f"{plan_hash[:12]}: {why}" for plan_hash, why in waiting.items()),
        "Send it with: tributary deliver",
    )


def _stand(object_name: str, given: Mapping[str, Any], *, is_json: bool) -> None:
    missing = [option for option, value in given.items() if value is None or value == []]
    if missing:
        raise ConfigurationError(
            "A standing approval needs all of its limits.", remedy=f"Give {', '.join(missing)}."
        )
    from orchestration import run
    from orchestration.activation import desk
    from orchestration.activation.standing import Limits, names_of
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.project import DbtProject
    from orchestration.settings import Settings

    settings, until = Settings.from_env(), given["--until"]
    limits = Limits(
        fields=names_of(given["--fields"]),
        most_adds=given["--max-adds"],
        most_removals=given["--max-removals"],
        until=until if until.tzinfo else until.replace(tzinfo=UTC),
    )
    specs = run.chosen_specs(settings, DbtProject(settings))
    signed = desk.sign_standing(
        settings, specs, given["--destination"], object_name, limits, now=utc_now
    )
    Output.choose(is_json).answer(_as_json(signed), *_as_lines([signed]))


def _revoke(signature: str, reason: str | None, *, is_json: bool) -> None:
    if not (reason or "").strip():
        raise ConfigurationError("No reason is given.", remedy="Say why with --reason.")
    from orchestration.activation import desk
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    revoked = desk.revoke(
        Settings.from_env(), signature, actor=None, reason=str(reason), now=utc_now
    )
    Output.choose(is_json).answer(_as_json(revoked), *_as_lines([revoked]))


def _list(*, is_json: bool) -> None:
    from orchestration.activation import desk
    from orchestration.console import Output
    from orchestration.ledger import utc_now
    from orchestration.settings import Settings

    found = desk.standing_now(Settings.from_env(), now=utc_now)
    lines = _as_lines(found) if found else ["No plan is named and no standing approval is given."]
    Output.choose(is_json).answer({"standing": [_as_json(one) for one in found]}, *lines)


def key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes.")], json: Json = False
) -> None:
    """Make an approver's key and print its public half for approvers.yml."""
    from orchestration.activation.keys import create_key
    from orchestration.console import Output

    public = create_key(file)
    Output.choose(json).answer(
        {"private_key_file": file, "public_key": public},
        f"- name: …\n  public_key: {public}",
        f"Set TRIBUTARY_APPROVER_KEY_FILE={file} at this machine only.",
    )


def _as_json(one: StandingApproval) -> dict[str, Any]:
    from dataclasses import asdict
    from json import loads

    return {**asdict(one), "fields_json": loads(one.fields_json)}


def _as_lines(given: list[StandingApproval]) -> list[Any]:
    from orchestration.console import table

    rows = [
        (
            one.signature[:12],
            f"{one.object} at {one.destination}",
            one.approver,
            one.most_adds,
            one.most_removals,
            f"{one.expires_at:%F %T}",
            f"revoked by {one.revoked_by}: {one.revoke_reason}" if one.revoked_at else "stands",
        )
        for one in given
    ]
    columns = ("signature", "delivery", "signed by", "adds", "removals", "until, UTC", "state")
    return [table("Standing approvals", columns, rows)]
