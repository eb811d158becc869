"""What people decided about identity: these two are one, these are not, this address is nobody's.

What lives here: appending decisions, each batch with one link of the chain.
What never does: taking a decision back (a newer one does), or what it leads to (models/identity).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from orchestration.errors import UnknownNameError
from orchestration.ledger import audit
from orchestration.ledger.errors import LedgerError
from orchestration.ledger.statements import next_sequence
from orchestration.ledger.tables import identity_instruction

_PAIR = ("left_node_key", "right_node_key")
_IDENTIFIER = ("identifier_type", "identifier_scope", "identifier_value")
_WHY = ("reason", "actor")
SUBJECTS: Mapping[str, Sequence[str]] = {
    "link": _PAIR,
    "unlink": _PAIR,
    "block": _IDENTIFIER,
    "unblock": _IDENTIFIER,
}
# E-mails and phones are the same in every shop: their scope is the empty text.
_MAY_BE_EMPTY = ("identifier_scope",)


def record(connection: Connection, rows: Sequence[Mapping[str, Any]], at: datetime) -> int:
    """Append decisions in the caller's transaction with one link; the first one's sequence.

    Raises:
        UnknownNameError: a kind that identity does not read.
        LedgerError: a decision without its subject, its reason or its actor.
    """
    for row in rows:
        _check(row)
    first = next_sequence(connection, identity_instruction.name, len(rows))
    names = ("kind", *_PAIR, *_IDENTIFIER, *_WHY)
    connection.execute(
        identity_instruction.insert(),
        [
            {
                **{name: row.get(name) for name in names},
                "sequence": first + place,
                "recorded_at": at,
            }
            for place, row in enumerate(rows)
        ],
    )
    audit.salt_batch(connection, identity_instruction, first)
    detail: dict[str, Any] = {"first_sequence": first, "count": len(rows)}
    detail["digest"] = batch_digest(connection, first, len(rows))
    audit.append(connection, "identity_instruction", detail, at)
    return first


def instructions_stand(connection: Connection, detail: Mapping[str, Any]) -> bool:
    """True where the batch that a link records is in the table, unchanged."""
    digest = batch_digest(connection, detail["first_sequence"], detail["count"])
    return bool(digest == detail["digest"])


def _check(row: Mapping[str, Any]) -> None:
    kind = row["kind"]
    if kind not in SUBJECTS:
        raise UnknownNameError("kind of instruction", kind, list(SUBJECTS))
    needed = (*SUBJECTS[kind], *_WHY)
    # The values may be personal data; only the names of what is wrong are shown.
    wrong = sorted(
        name for name in set(row) - {"kind", *needed} if row[name] is not None
    )
    wrong += [name for name in needed if not _is_given(name, row.get(name))]
    if wrong:
        raise LedgerError(
            f"The instruction '{kind}' has wrong or missing parts: {', '.join(wrong)}.",
            remedy=f"Give {', '.join(needed)}, and nothing else.",
        )
    if kind in ("link", "unlink") and row[_PAIR[0]] == row[_PAIR[1]]:
        raise LedgerError(
            f"The instruction '{kind}' names one record twice.",
            remedy="Name two different records.",
        )


def _is_given(name: str, value: Any) -> bool:
    return isinstance(value, str) and (bool(value.strip()) or name in _MAY_BE_EMPTY)


def batch_digest(connection: Connection, first: int, count: int) -> str:
    """What a link records of a batch of instructions."""
    names = [column.name for column in identity_instruction.columns]
    return audit.batch_digest(connection, identity_instruction, names, first, count)
