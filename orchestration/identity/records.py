"""What the identity tables hold, as values: records, sightings, links, stops, old ids.

What lives here: frozen values and the words people use for them.
What never does: statements (reading.py), judgement (explain.py), an unmasked text for display.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orchestration.identity.normal_forms import masked

BROWSER_TABLE = "web.anonymous_id"
BROWSER_TYPE = "anonymous_id"
# A source's name of a record -> people's. An unknown one keeps its own.
_KINDS = {
    "customer": "account",
    "person": "profile",
    "abandoned_checkout": "checkout",
    "anonymous_id": "browser",
}
_TYPES = {"email": "e-mail", "phone": "phone", BROWSER_TYPE: "browser"}
# By hand, then from a platform's own number down to what only makes likely.
STRENGTHS = ("S0", "S1", "S2", "S3", "S4")

_VERDICTS = {
    "link": "may join records",
    "keep": "joins nothing",
    "over_cap": "shared by too many",
    "placeholder": "nobody's",
}


def verdict_words(verdict: str) -> str:
    """What an identifier may do, in people's words."""
    return _VERDICTS.get(verdict, verdict)


def kind_of(node_key: str) -> str:
    """account, order, profile, checkout, browser: what a record is, in people's words."""
    parts = node_key.split("|", 2)
    name = parts[1].rpartition(".")[2] if len(parts) > 1 else ""
    return _KINDS.get(name, name.replace("_", " ") or "record")


def row_id_of(node_key: str) -> str:
    """The record's own number in its source."""
    return node_key.split("|", 2)[-1]


def name_of(node_key: str) -> str:
    """A record as people read it: ``order 1001 (main)``."""
    kind, number = kind_of(node_key), row_id_of(node_key)
    if kind == "browser":
        number = masked(BROWSER_TYPE, number)
    return f"{kind} {number} ({node_key.split('|', 1)[0]})"


@dataclass(frozen=True, order=True)
class Identifier:
    type: str
    scope: str
    value: str

    def label(self, *, reveal: bool = False) -> str:
        """Type and value, masked unless ``reveal``."""
        shown = self.value if reveal else masked(self.type, self.value)
        return f"{_TYPES.get(self.type, self.type.replace('_', ' '))} {shown}"

    def as_json(self, *, reveal: bool = False) -> dict[str, str]:
        shown = self.value if reveal else masked(self.type, self.value)
        return {"type": self.type, "scope": self.scope, "value": shown}


@dataclass(frozen=True)
class Sighting:
    """One record showing one identifier, with what the identifier may do."""

    node_key: str
    identifier: Identifier
    strength: str
    verdict: str
    reason: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class Edge:
    """One link between two records. ``identifier`` is None for a link by hand or by score."""

    left_node: str
    right_node: str
    rule: str
    identifier: Identifier | None
    strength: str
    linked_at: datetime | None


@dataclass(frozen=True)
class Device:
    """A browser and the customer it belongs to."""

    node_key: str
    customer_id: str
    rule: str
    first_seen_at: datetime | None


@dataclass(frozen=True)
class Stop:
    """A link that a guard stopped; of an identifier only the digest is known."""

    guard: str
    rule: str | None
    identifier_type: str | None
    identifier_scope: str | None
    identifier_sha256: str | None
    left_node: str | None
    right_node: str | None
    left_customer_id: str | None
    right_customer_id: str | None
    reason: str
    stopped_at: datetime | None


@dataclass(frozen=True)
class OldId:
    """An id that a customer had for a while; open where ``valid_to`` is None."""

    old_customer_id: str
    customer_id: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    reason: str


@dataclass(frozen=True)
class Instruction:
    """What somebody ordered by hand, as of the newest build."""

    kind: str
    left_node: str | None
    right_node: str | None
    identifier: Identifier | None
    reason: str
    actor: str
    recorded_at: datetime | None


@dataclass(frozen=True)
class Review:
    """Two customers that wait for a person's eye."""

    kind: str
    left_customer_id: str
    right_customer_id: str
    reason: str
    probability: float | None
    raised_at: datetime | None
