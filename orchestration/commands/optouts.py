"""The command of a person who records an opt-out by hand.

What lives here: its options, reading addresses from a file or stdin.
What never does: an address on the command line or in an answer (others read both); opt-ins.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from orchestration.activation.by_hand import Named

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
EmailFile = Annotated[
    Path | None, typer.Option(help="E-mail addresses, one a line; - reads them from stdin.")
]
PhoneFile = Annotated[
    Path | None, typer.Option(help="Phones as +16505550001, one a line; - reads them from stdin.")
]
CustomerIds = Annotated[
    list[str] | None, typer.Option("--customer-id", help="Our id; may be given several times.")
]
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def optout(
    email_file: EmailFile = None,
    phone_file: PhoneFile = None,
    customer_ids: CustomerIds = None,
    channel: Annotated[str | None, typer.Option(help="email, sms or ads; else all.")] = None,
    purpose: Annotated[
        str | None, typer.Option(help="marketing or ads_sharing; else all.")
    ] = None,
    json: Json = False,
) -> None:
    """Opt people out by hand, everywhere: nothing is asked, nothing waits for an approval."""
    from orchestration.activation.by_hand import opt_out_by_hand
    from orchestration.console import Output, table
    from orchestration.ledger import open_ledger, utc_now
    from orchestration.settings import Settings

    named = named_people(email_file, phone_file, customer_ids)
    settings, out = Settings.from_env(), Output.choose(json)
    with open_ledger(settings) as ledger:
        done = opt_out_by_hand(settings, ledger, named, channel, purpose, now=utc_now)
    rows = [(*where, count) for where, count in sorted(done.rows.items())]
    names = ("destination", "object", "operation", "rows")
    out.answer(
        {
            "people": len(named),
            "suppressions": done.suppression_count,
            "outbox": [dict(zip(names, row, strict=True)) for row in rows],
        },
        f"{len(named)} named, {done.suppression_count} suppressions recorded.",
        table("On its way", names, rows),
        "Sent within seconds where 'tributary serve' runs; else run: tributary deliver."
        if rows
        else "As far as we know nobody of them stands at a connected vendor; no addition passes.",
    )


def named_people(
    email_file: Path | None, phone_file: Path | None, customer_ids: list[str] | None
) -> list[Named]:
    """Everybody whom the options name.

    Raises:
        ConfigurationError: a line is no address.
    """
    from orchestration.activation.by_hand import Named
    from orchestration.activation.payloads import email_digest, phone_digest

    named = [Named(("customer_id", one), None) for one in customer_ids or []]
    named += _addresses(email_file, _EMAIL, "an e-mail address", "email_sha256", email_digest)
    named += _addresses(phone_file, _PHONE, "a phone in E.164", "phone_sha256", phone_digest)
    return named


def _addresses(
    file: Path | None,
    form: re.Pattern[str],
    what: str,
    subject_type: str,
    digest: Callable[[str], str],
) -> Iterator[Named]:
    """
    Raises:
        ConfigurationError: a line is no address; nothing is recorded then.
    """
    from orchestration.activation.by_hand import Named
    from orchestration.errors import ConfigurationError

    for number, line in enumerate(_lines(file), start=1):
        text = line.strip()
        if not text:
            continue
        if not form.fullmatch(text):
            raise ConfigurationError(
                f"Line {number} of {_name(file)} is not {what}.",
                remedy="Correct the line; nothing was recorded.",
            )
        yield Named((subject_type, digest(text)), text)


def _lines(file: Path | None) -> list[str]:
    from orchestration.errors import ConfigurationError

    if file is None:
        return []
    if str(file) == "-":
        return sys.stdin.read().splitlines()
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file.name} cannot be read ({type(error).__name__}).",
            remedy="Give a readable text file in UTF-8.",
        ) from error


def _name(file: Path | None) -> str:
    return "stdin" if file is None or str(file) == "-" else file.name
