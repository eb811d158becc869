"""The brand's own preference centre: what a person chose there, and what holds for her.

What lives here: the form of a choice, and the answer that confirms it to her.
What never does: who she is; whoever holds a key with the scope answers for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from orchestration.collector.documents import moment, text
from orchestration.collector.errors import unreadable
from orchestration.collector.intake import (
    ADS_SHARING,
    SALE,
    SCOPES,
    Intake,
    Origin,
    event_id_of,
    of_statements,
    statement,
)
from orchestration.collector.subjects import issued_digest, person
from orchestration.ledger.consent_events import OPTED_IN, OPTED_OUT, STATES, ConsentState

SOURCE = "preference"
BROWSER_ID = "browser_id"
# A form's name and version, where it stood; no free text, which could name somebody.
_PROOF = re.compile(r"[A-Za-z0-9 ._:/#=-]{3,200}")
_SCOPE = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SUBJECT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def read(_: Mapping[str, str], document: dict[str, Any], at: datetime) -> Intake:
    """What a person chose.

    Raises:
        RefusedError: 400: a purpose nobody knows, no event id, nobody named, or an opt-in without
            its time and proof.
    """
    scope = (text(document, "channel") or "", text(document, "purpose") or "")
    state, shown = text(document, "state"), text(document, "event_id")
    account = text(document, "scope") or "preference_centre"
    if scope not in SCOPES or state not in STATES or shown is None or not _SCOPE.fullmatch(account):
        raise unreadable()
    said_at, proof = moment(text(document, "consented_at")), text(document, "proof")
    is_proven = said_at is not None and proof is not None and _PROOF.fullmatch(proof)
    if state == OPTED_IN and not is_proven:
        raise unreadable()
    who = person(
        email=text(document, "email"),
        phone=text(document, "phone"),
        country_code=text(document, "country_code"),
        customer_id=text(document, "customer_id"),
        issued={BROWSER_ID: ("browser", text(document, "browser_id"))},
    )
    if not who.subjects:
        raise unreadable()
    origin = Origin(SOURCE, account, "choice", event_id_of(shown, document))
    said = statement(
        origin, who, scope, str(state), said_at=said_at, received_at=at, proof=proof
    )
    return of_statements([said], who)


def asked_about(query: Mapping[str, str]) -> set[tuple[str, str]]:
    """The subjects that a status is asked for: digests and ids, never an address.

    Raises:
        RefusedError: 400: none, or something else than a digest or an id.
    """
    found: set[tuple[str, str]] = set()
    for name in ("email_sha256", "phone_sha256"):
        if name in query:
            if not _DIGEST.fullmatch(query[name]):
                raise unreadable()
            found.add((name, query[name]))
    for name in ("customer_id", BROWSER_ID):
        if name in query:
            if not _SUBJECT_ID.fullmatch(query[name]):
                raise unreadable()
            is_ours = name == "customer_id"
            value = query[name] if is_ours else issued_digest("browser", query[name])
            found.add((name, value))
    if not found:
        raise unreadable()
    return found


def status(states: Sequence[ConsentState]) -> dict[str, Any]:
    """What to show her: each state, and whether her objection to sharing and sale is honoured."""
    out = {(one.channel, one.purpose) for one in states if one.state == OPTED_OUT}
    return {
        "opt_out_request_honored": {ADS_SHARING, SALE} <= out,
        "states": [
            {
                "purpose": one.purpose,
                "channel": one.channel,
                "state": one.state,
                "since": one.since.isoformat(),
            }
            for one in states
        ],
    }
