"""The commands of a person's rights: erase, export, and the requests that stand open.

What lives here: their options, addresses from a file or stdin.
What never does: an address on the command line or in an answer; work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.commands.optouts import CustomerIds, EmailFile, PhoneFile, named_people

if TYPE_CHECKING:
    from rich.table import Table

    from orchestration.ledger.facts import Subject

privacy_app = typer.Typer(help="Requests of people: what is open and due.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Request = Annotated[int, typer.Argument(help="Number of the request, as 'privacy list' shows it.")]


def erase(
    email_file: EmailFile = None,
    phone_file: PhoneFile = None,
    customer_ids: CustomerIds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what is under way or was asked for.")
    ] = False,
    json: Json = False,
) -> None:
    """Erase one person everywhere: raw rows, files, snapshot, plans, ledger, every channel."""
    import time

    from orchestration.console import Output
    from orchestration.destinations.registry import open_destination
    from orchestration.errors import ConfigurationError
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.rights import erase as rights
    from orchestration.settings import Settings

    subjects = _subjects(email_file, phone_file, customer_ids)
    if bool(subjects) == resume:
        raise ConfigurationError(
            "Say whom to erase, or --resume.",
            remedy="Give --email-file, --phone-file or --customer-id of one person.",
        )
    settings, out = Settings.from_env(), Output.choose(json)
    with open_ledger(settings, now=utc_now) as ledger:
        if dry_run:
            found = rights.preview(settings, ledger, subjects)
            out.answer(found, *(f"{name}: {value}" for name, value in found.items()))
            return
        if subjects:
            rights.ask_by_hand(ledger, subjects, utc_now)
        work = rights.Erasing(settings, ledger, open_destination, utc_now, time.sleep)
        reports = rights.work_on(work)
    out.answer(
        {"erasures": [_as_json(one) for one in reports]},
        *(_table(one) for one in reports),
        "Nothing is under way." if not reports else _said(reports),
    )
    raise typer.Exit(0 if all(one.is_finished for one in reports) else 2)


def export(
    file: Annotated[Path, typer.Argument(help="A new file; only you can read it.")],
    email_file: EmailFile = None,
    phone_file: PhoneFile = None,
    customer_ids: CustomerIds = None,
    json: Json = False,
) -> None:
    """Write everything about one person into one JSON file."""
    from orchestration.console import Output, table
    from orchestration.errors import ConfigurationError
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.rights.export import export as write
    from orchestration.settings import Settings

    subjects = _subjects(email_file, phone_file, customer_ids)
    if not subjects:
        raise ConfigurationError(
            "Nobody is named.", remedy="Give --email-file, --phone-file or --customer-id."
        )
    settings = Settings.from_env()
    with open_ledger(settings, now=utc_now) as ledger:
        counts = write(settings, ledger, subjects, file, utc_now())
    Output.choose(json).answer(
        {"file": file, "rows": counts}, table("Exported", ("what", "rows"), sorted(counts.items()))
    )


@privacy_app.command(name="list")
def list_open(json: Json = False) -> None:
    """Open requests with their due dates, tasks for a person, opt-outs that wait."""
    from orchestration.answers import privacy
    from orchestration.console import Output
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.rights.requests import stand
    from orchestration.settings import Settings

    now = utc_now()
    with open_ledger(Settings.from_env(), now=utc_now) as ledger:
        answer = privacy(stand(ledger), now.date())
    lines = answer.lines or ("Nothing is open.",)
    Output.choose(json).answer(answer.value, *lines)


@privacy_app.command()
def confirm(request: Request, json: Json = False) -> None:
    """Say that the person was told of her request's receipt."""
    _tell(request, "confirmed", json)


@privacy_app.command()
def extend(request: Request, json: Json = False) -> None:
    """Say that the person was told of 45 more days."""
    _tell(request, "extended", json)


@privacy_app.command()
def answer(request: Request, json: Json = False) -> None:
    """Say that the request is answered."""
    _tell(request, "answered", json)


@privacy_app.command()
def task(
    request: Request,
    step: Annotated[str, typer.Argument(help="The step that a person has done.")],
    json: Json = False,
) -> None:
    """Say that a task which no call can do is done."""
    _tell(request, step, json)


def _tell(request: int, step: str, json: bool) -> None:
    from orchestration.console import Output
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.rights.requests import tell
    from orchestration.settings import Settings

    with open_ledger(Settings.from_env(), now=utc_now) as ledger:
        tell(ledger, request, step, utc_now())
    Output.choose(json).answer(
        {"request": request, "step": step}, f"Request {request}: {step} is recorded."
    )


def _subjects(
    email_file: Path | None, phone_file: Path | None, customer_ids: list[str] | None
) -> set[Subject]:
    from orchestration.activation.payloads import email_digest
    from orchestration.identity.normal_forms import email_for_matching

    named = named_people(email_file, phone_file, customer_ids)
    # Identity knows a mailbox without its dots and tags: the request may spell it otherwise.
    forms = [email_for_matching(one.address) for one in named if one.address]
    also = {("email_sha256", email_digest(form)) for form in forms if form}
    return {one.subject for one in named} | also


def _as_json(report: Any) -> dict[str, Any]:
    return {
        "request": report.request_sequence,
        "is_finished": report.is_finished,
        "steps": [
            {"step": one.name, "state": one.state, **one.detail} for one in report.steps
        ],
    }


def _table(report: Any) -> Table:
    from orchestration.console import table

    rows = [
        (one.name, one.state, ", ".join(f"{k}: {v}" for k, v in one.detail.items()))
        for one in report.steps
    ]
    return table(f"Request {report.request_sequence}", ("place", "state", "proof"), rows)


def _said(reports: Any) -> str:
    if all(one.is_finished for one in reports):
        return "Erased. What is marked 'task' no call can do: a person must."
    return "Not finished: run 'tributary erase --resume' when what is in the way is gone."
