"""The sixteen invariants of delivery, each a function, and ``check_all`` that calls them.

What lives here: what must hold whatever happened, judged by the vendors' own record of each row.
What never does: trusting our ledger where the vendor's record can say it.

``Evidence`` is what a test hands over; a world of the simulation makes it, and so can a test with
real processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.activation.gate import channel_of
from orchestration.activation.payloads import parse
from orchestration.errors import UnknownNameError
from orchestration.ledger import Ledger
from orchestration.ledger.tables import (
    approval,
    audit_chain,
    delivered,
    lease,
    outbox,
    plan,
    receipt,
    suppression,
)
from orchestration.sandbox.row_log import LoggedRow
from tests.faults.simulation.people import CANARIES, Person, Population, Sync

TAKEN = ("accepted", "accepted_unverified")
ADDITIONS = ("add", "save")
Where = tuple[str, str]


@dataclass(frozen=True)
class Signed:
    """A plan that a person approved: when, and its rows as they stood in its file."""

    moment: int
    plan_hash: str
    where: Where
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """Both sides of one story.

    ``log`` is the vendors' record; ``members`` and ``profiles`` what they hold now; ``foreign`` a
    stranger at each vendor; ``said`` every log line, error and reason; ``healthy`` the state and
    reason of each plan whose vendor behaved. ``is_finished``: faults stopped, the work was done.
    """

    ledger: Ledger
    syncs: Sequence[Sync]
    people: Population
    log: Sequence[LoggedRow]
    members: Mapping[Where, set[tuple[str, str]]]
    profiles: Mapping[str, Mapping[str, Any]]
    foreign: Mapping[str, str]
    signed: Sequence[Signed]
    said: Sequence[str]
    healthy: Sequence[tuple[str, str | None]]
    is_finished: bool

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.ledger.read() as connection:
            return [dict(row._mapping) for row in connection.execute(table.select())]

    def person(self, row: LoggedRow) -> Person | None:
        """Whom a logged row speaks of, at the version that it carries; None for strangers."""
        for text in (row.identifier or "", row.member):
            value = text.rpartition(":")[2]
            if value in self.people.known:
                return self.people.known[value]
        return self.people.known.get(self._address_then(row))

    def _address_then(self, row: LoggedRow) -> str:
        """A list holds a profile: the address that the profile had when the row was logged."""
        key = (self.profiles.get(row.member) or {}).get("external_id")
        before = [
            one
            for one in self.log
            if one.change == "save" and one.member == key and one.sequence < row.sequence
        ]
        return str(before[-1].identifier) if before else ""

    def sync_of(self, row: LoggedRow) -> Sync | None:
        for sync in self.syncs:
            if sync.spec.destination == row.vendor and sync.object_id == row.object_id:
                return sync
        return None


def i1_no_add_after_suppression(seen: Evidence) -> None:
    for row in seen.log:
        sync, person = seen.sync_of(row), seen.person(row)
        if row.change in ADDITIONS and sync is not None and person is not None:
            purpose = sync.spec.purpose
            assert not seen.people.is_out(person, purpose, row.moment), (
                f"I1: {row} was sent although {person} was out"
            )


def i2_suppression_stays(seen: Evidence) -> None:
    """No import, replay or stale build lifts an opt-out: nobody who is out is left in a list."""
    if not seen.is_finished:
        return
    for sync in seen.syncs:
        if sync.spec.kind != "membership":
            continue
        held = {key for key, _ in held_by(seen, sync)}
        for one in seen.people.opt_outs:
            if one.purpose == sync.spec.purpose and one.subject_type == "customer_id":
                assert one.subject_value not in held, f"I2: {one} and still in {sync.spec.object}"


def i3_unknown_is_no(seen: Evidence) -> None:
    """A purpose without a channel lets nobody out, and nobody is known by default."""
    for purpose in ("", "unknown", "Marketing"):
        try:
            channel_of("meta", purpose)
        except UnknownNameError:
            continue
        raise AssertionError(f"I3: purpose '{purpose}' has a channel")
    for row in seen.log:
        if row.change == "add" and seen.sync_of(row) is not None:
            assert seen.person(row) is not None, f"I3: {row} is nobody whom a build knew"


def i4_acknowledged_is_durable(seen: Evidence) -> None:
    held = {
        (row["purpose"], row["subject_type"], row["subject_value"])
        for row in seen.rows(suppression)
    }
    for one in seen.people.opt_outs:
        key = (one.purpose, one.subject_type, one.subject_value)
        assert key in held, f"I4: the ledger lost {one}"
    signed = {row["plan_hash"] for row in seen.rows(approval)}
    for one_signed in seen.signed:
        assert one_signed.plan_hash in signed, "I4: the ledger lost an approval"


def i5_converges(seen: Evidence) -> None:
    """What stands at the vendor is what is desired, of the rows that are ours."""
    if not seen.is_finished:
        return
    for sync in seen.syncs:
        wanted = expected(seen, sync)
        found = held_by(seen, sync)
        bad = {key for key, person in seen.people.people.items() if person.is_bad}
        wanted = {pair for pair in wanted if pair[0] not in bad}
        found = {pair for pair in found if pair[0] not in bad}
        assert wanted == found, (
            f"I5: {sync.where} lacks {sorted(wanted - found)[:3]},"
            f" holds {sorted(found - wanted)[:3]} too many"
        )


def i6_no_older_version_overwrites(seen: Evidence) -> None:
    newest: dict[tuple[str, str, str], int] = {}
    for row in seen.log:
        person = seen.person(row)
        if row.change not in ADDITIONS or person is None or row.object_id == "profiles":
            continue
        if row.vendor == "klaviyo":
            continue  # A list holds the profile, whatever its address.
        place = (row.vendor, row.object_id, person.key)
        assert person.version >= newest.get(place, 0), f"I6: {row} is older than what stood there"
        newest[place] = person.version


def i7_every_row_is_accounted_for(seen: Evidence) -> None:
    """Rows of a plan: not yet filled, in the outbox, or with exactly one receipt."""
    receipts = Counter(row["plan_hash"] for row in seen.rows(receipt))
    waiting = Counter(row["plan_hash"] for row in seen.rows(outbox) if row["operation"] != "prune")
    for row in seen.rows(plan):
        plan_hash, count = row["plan_hash"], 0
        count = row["add_count"] + row["update_count"] + row["remove_count"]
        decided = receipts[plan_hash] + waiting[plan_hash]
        assert decided == row["filled_count"], f"I7: {decided} of {row['filled_count']} filled rows"
        if row["state"] == "done":
            assert receipts[plan_hash] == count, "I7: a plan is done and rows have no receipt"


def i8_only_ours(seen: Evidence) -> None:
    for row in seen.log:
        name = seen.foreign.get(row.vendor)
        assert row.member != name, f"I8: a stranger was touched: {row}"
    for sync in seen.syncs:
        if sync.spec.kind == "membership":
            held = {member for member, _ in seen.members[sync.where]}
            assert seen.foreign[sync.spec.destination] in held, "I8: a stranger is gone"


def i9_shrink_halts(seen: Evidence) -> None:
    """An emptied source removes nobody until a person gives a reason for that very plan."""
    reasons = {row["plan_hash"]: row["override_reason"] for row in seen.rows(approval)}
    for row in seen.rows(plan):
        is_empty = row["desired_count"] == 0 and row["delivered_count"] > 0
        if is_empty and row["started_at"] is not None:
            assert reasons.get(row["plan_hash"]), "I9: an empty source went without a reason"


def i10_plan_is_action(seen: Evidence) -> None:
    """Each row at the vendor was in a plan that a person had approved by then."""
    for row in seen.log:
        sync, person = seen.sync_of(row), seen.person(row)
        if sync is None or person is None:
            continue
        if sync.spec.kind == "profile" and not _is_of_profiles(seen, person):
            continue
        before = [one for one in seen.signed if one.where == sync.where and one.moment < row.moment]
        rows = [one for plan_ in before for one in plan_.rows if one["key"] == person.key]
        if row.change in ADDITIONS:
            rows = [
                one
                for one in rows
                if one["operation"] != "remove"
                # A list holds the profile, whose address another delivery may have changed.
                and (_carries(one, person) or sync.where == ("klaviyo", "list/vip"))
            ]
        if row.change == "remove" and seen.people.is_out(person, sync.spec.purpose):
            continue  # Whoever opted out leaves without anybody's approval.
        if row.change == "save" and _may_come_by_list(seen, person, row):
            continue
        assert rows, f"I10: {row} is in no plan that was approved before"


def i11_one_writer(seen: Evidence) -> None:
    twice = [
        key
        for key, count in Counter(
            (row["plan_hash"], row["destination"], row["object"], row["key"])
            for row in seen.rows(receipt)
            if row["plan_hash"] is not None
        ).items()
        if count > 1
    ]
    assert not twice, f"I11: decided twice: {twice[:3]}"
    accounts = [(row["destination"], row["account_id"]) for row in seen.rows(lease)]
    assert len(accounts) == len(set(accounts)), "I11: two leases for one account"


def i12_batch_truth(seen: Evidence) -> None:
    """Accepted means that the vendor noted the row, and none that it must turn down is accepted."""
    noted = {
        (row.vendor, row.object_id, person.key)
        for row in seen.log
        if row.change in ADDITIONS and (person := seen.person(row)) is not None
    }
    for row in seen.rows(receipt):
        if row["operation"] == "remove" or row["verdict"] not in TAKEN:
            continue
        place = (row["destination"], row["object"].rpartition("/")[2], row["key"])
        assert place in noted, f"I12: {place} is {row['verdict']} and the vendor never noted it"
    held = {(row["destination"], row["object"], row["key"]): row for row in seen.rows(delivered)}
    for (destination, object_name, key), state in held.items():
        if state["row_hash"] is None or state["is_removed"]:
            continue
        text = state["payload_json"]
        person = seen.people.people.get(key)
        if person is not None and person.is_bad and object_name != "":
            assert not _carries({"payload_json": text}, person), (
                f"I12: {destination} cannot have taken {key}"
            )


def i13_no_personal_data_outside(seen: Evidence) -> None:
    for line in seen.said:
        for canary in CANARIES:
            assert canary not in line, f"I13: '{canary}' stands in: {line[:200]}"
    chain = " ".join(row["detail_json"] for row in seen.rows(audit_chain))
    reasons = " ".join(str(row["reason"]) for table in (plan, receipt) for row in seen.rows(table))
    for canary in CANARIES:
        assert canary not in chain + reasons, f"I13: '{canary}' stands in the chain or a reason"
    for row in seen.rows(delivered):
        if row["destination"] != "klaviyo":
            assert "@" not in (row["payload_json"] or ""), "I13: an ad platform gets hashes only"


def i14_isolated(seen: Evidence) -> None:
    """A plan of a healthy account ends while others are sick."""
    for state, reason in seen.healthy:
        ends = state in ("done", "superseded", "nothing_to_do")
        assert ends or _is_of_people(reason), f"I14: a healthy account ended {state}: {reason}"


def i15_order_needs_no_clock(seen: Evidence) -> None:
    """Sequences rise in the order in which things happened, whatever the clock said."""
    order = [row["source_event"] for row in sorted(seen.rows(suppression), key=_sequence)]
    numbers = [int(name.rpartition("-")[2]) for name in order]
    assert numbers == sorted(numbers), "I15: suppressions are not in the order of their arrival"
    for table in (receipt, plan):
        sequences = [row["sequence"] for row in seen.rows(table)]
        assert len(sequences) == len(set(sequences)), "I15: a sequence number was given twice"


def i16_audit_holds(seen: Evidence) -> None:
    assert seen.ledger.verify() >= len(seen.signed), "I16: the chain is too short"
    kinds = Counter(row["kind"] for row in seen.rows(audit_chain))
    assert kinds["approval"] == len(seen.rows(approval)), "I16: an approval has no link"
    assert kinds["suppression"] > 0 or not seen.people.opt_outs, "I16: no link for suppressions"


INVARIANTS: tuple[Callable[[Evidence], None], ...] = (
    i1_no_add_after_suppression, i2_suppression_stays, i3_unknown_is_no,
    i4_acknowledged_is_durable, i5_converges, i6_no_older_version_overwrites,
    i7_every_row_is_accounted_for, i8_only_ours, i9_shrink_halts, i10_plan_is_action,
    i11_one_writer, i12_batch_truth, i13_no_personal_data_outside, i14_isolated,
    i15_order_needs_no_clock, i16_audit_holds,
)  # fmt: skip


def check_all(seen: Evidence) -> None:
    """Every invariant; the first that does not hold is an AssertionError that names it."""
    for invariant in INVARIANTS:
        invariant(seen)


def expected(seen: Evidence, sync: Sync) -> set[tuple[str, str]]:
    """(key, identifier) that the vendor must hold for us."""
    people = seen.people.people.values()
    return {
        (person.key, _identifier(sync, person))
        for person in people
        if not seen.people.is_out(person, sync.spec.purpose)
    }


def held_by(seen: Evidence, sync: Sync) -> set[tuple[str, str]]:
    """(key, identifier) of ours that the vendor holds; profiles of people who are in only."""
    if sync.spec.kind == "profile":
        return {
            (key, profile["email"])
            for key, profile in _by_key(seen).items()
            if key in seen.people.people
            and not seen.people.is_out(seen.people.people[key], sync.spec.purpose)
        }
    stranger = seen.foreign[sync.spec.destination]
    found = set()
    for member, identifier in seen.members[sync.where]:
        if member == stranger:
            continue
        if sync.spec.destination == "klaviyo":
            profile = seen.profiles[member]
            found.add((profile["external_id"], ""))
            continue
        person = seen.people.known.get(identifier.rpartition(":")[2])
        found.add((person.key if person else member, identifier.rpartition(":")[2]))
    return found


def _by_key(seen: Evidence) -> dict[str, Mapping[str, Any]]:
    return {str(profile["external_id"]): profile for profile in seen.profiles.values()}


def _identifier(sync: Sync, person: Person) -> str:
    if sync.spec.kind == "profile":
        return person.email
    return "" if sync.spec.destination == "klaviyo" else person.email_sha256


def _carries(row: Mapping[str, Any], person: Person) -> bool:
    payload = parse(row["payload_json"])
    texts = {str(payload.get(name)) for name in ("email", "email_sha256")}
    return bool(texts & {person.email, person.email_sha256, _unfit(person)})


def _unfit(person: Person) -> str:
    return f"not-an-address-{person.key}.v{person.version}" if person.is_bad else person.email


def _is_of_profiles(seen: Evidence, person: Person) -> bool:
    return any(sync.spec.kind == "profile" for sync in seen.syncs)


def _may_come_by_list(seen: Evidence, person: Person, row: LoggedRow) -> bool:
    """An import into a list saves the profile as well."""
    return any(
        one["key"] == person.key and _carries(one, person)
        for signed in seen.signed
        if signed.where == ("klaviyo", "list/vip") and signed.moment < row.moment
        for one in signed.rows
    )


def _is_of_people(reason: str | None) -> bool:
    """Reasons that come from a person, a clock, a process or an earlier day."""
    words = (
        "approv", "Another process sends", "taken over", "changed since", "expired",
        "takes no requests for another",  # what the vendor asked for before it was healthy
    )  # fmt: skip
    return reason is not None and any(word in reason for word in words)


def _sequence(row: Mapping[str, Any]) -> int:
    return int(row["sequence"])
