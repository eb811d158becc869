"""An opt-out as a whole: who is bound, what leaves, what stays, and that it is one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.activation import optouts
from orchestration.activation.connected import Connected, connected_destinations
from orchestration.activation.lookup import NoLookupError, themselves
from orchestration.activation.optouts import SCOPES
from orchestration.activation.spec import SyncSpec
from orchestration.ledger import facts
from orchestration.ledger.facts import SHARED_BY_MAX, Objection, Subject
from orchestration.ledger.outbox import REMOVE_SUPPRESSED
from orchestration.ledger.statements import chunks
from orchestration.ledger.tables import delivered, outbox, suppression
from tests.unit.activation.world import SPEC, Vendor, World, loopback, sha, world_in

ADS = (("ads", "ads_sharing"),)
MAIL = (("email", "marketing"),)
LIST = SyncSpec(
    model="sync_klaviyo__list_vip",
    schema="activation",
    destination="klaviyo",
    object="list/vip",
    key="customer_id",
    kind="membership",
    schedule="0 6 * * *",
    purpose="marketing",
)
EMAILS = {"a": "shared@example.test", "b": "shared@example.test", "c": "c@example.test"}


@dataclass
class Known:
    """A look-up of addresses that the test says."""

    owned: dict[str, set[Subject]] = field(default_factory=dict)
    is_old: bool = False

    def owners(self, subjects: Set[Subject]) -> dict[Subject, set[str]]:
        self._check()
        found = themselves(subjects)
        for one, held in self.owned.items():
            for subject in held & subjects:
                found.setdefault(subject, set()).add(one)
        return found

    def subjects_of(self, customer_ids: Set[str]) -> dict[str, set[Subject]]:
        self._check()
        return {one: self.owned[one] for one in customer_ids if one in self.owned}

    def _check(self) -> None:
        if self.is_old:
            raise NoLookupError("Old.", remedy="Publish.")


def mail(address: str) -> Subject:
    return ("email_sha256", sha(address))


def known(**addresses: Iterable[str]) -> Known:
    return Known({one: {mail(address) for address in some} for one, some in addresses.items()})


EVERYBODY = known(**{one: [address] for one, address in EMAILS.items()})


def opt_out(world: World, lookup: Known, *subjects: Subject, **given: Any) -> int:
    connected = given.pop("connected", connected_destinations(world.settings))
    with world.ledger.transaction() as connection:
        said = [objection(world, *subjects, **given)]
        return optouts.opt_out(connection, connected, lookup, said, world.clock()).row_count


def objection(world: World, *subjects: Subject, **given: Any) -> Objection:
    asked = {
        "scopes": ADS, "source_event": "shop|1", "suppressed_at": world.clock(), **given,
    }  # fmt: skip
    return Objection(frozenset(subjects), **asked)


def bound(world: World) -> set[tuple[str, str, str]]:
    return {
        (row["subject_type"], row["subject_value"], row["channel"])
        for row in world.rows(suppression)
    }


def waiting(world: World) -> set[tuple[str, str, str, str]]:
    return {
        (row["destination"], row["object"], row["key"], row["operation"])
        for row in world.rows(outbox)
    }


def test_a_person_leaves_every_list_and_no_other_person_does(world: World, vendor: Vendor) -> None:
    other = replace(SPEC, model="sync_meta__audience_other", object="custom_audience/other")
    world.sync(vendor, EMAILS)
    world.sync(vendor, {"c": EMAILS["c"]}, other)
    assert opt_out(world, EVERYBODY, mail("c@example.test")) == 2
    assert waiting(world) == {
        ("meta", "custom_audience/vip", "c", "remove"),
        ("meta", "custom_audience/other", "c", "remove"),
    }
    assert {row["priority"] for row in world.rows(outbox)} == {REMOVE_SUPPRESSED}
    assert bound(world) == {
        ("email_sha256", sha("c@example.test"), "ads"),
        ("customer_id", "c", "ads"),
    }
    world.deliver(vendor)
    assert vendor.members == {sha("shared@example.test")}


def test_two_customers_with_one_address_both_leave(world: World, vendor: Vendor) -> None:
    """They share it: both are out by that channel."""
    world.sync(vendor, EMAILS)
    assert opt_out(world, EVERYBODY, mail("shared@example.test")) == 2
    assert {key for _, _, key, _ in waiting(world)} == {"a", "b"}
    world.deliver(vendor)
    assert vendor.members == {sha("c@example.test")}


def test_whoever_was_sent_with_the_address_leaves_though_another_person_opted_out(
    world: World, vendor: Vendor
) -> None:
    """The source names the customer and not the address."""
    world.sync(vendor, EMAILS)
    opt_out(world, EVERYBODY, ("customer_id", "a"))
    assert {key for _, _, key, _ in waiting(world)} == {"a", "b"}
    assert ("customer_id", "b", "ads") not in bound(world), "the address binds her, nothing else"


def test_both_addresses_are_suppressed_when_the_address_has_changed(
    world: World, vendor: Vendor
) -> None:
    """The opt-out names the old address, the vendor holds the new one."""
    world.sync(vendor, {"a": "new@example.test"})
    lookup = known(a=["old@example.test", "new@example.test"])
    assert opt_out(world, lookup, mail("old@example.test")) == 1
    assert bound(world) == {
        ("email_sha256", sha("old@example.test"), "ads"),
        ("email_sha256", sha("new@example.test"), "ads"),
        ("customer_id", "a", "ads"),
    }
    world.deliver(vendor)
    assert vendor.members == set()


def test_an_address_that_comes_after_the_opt_out_is_not_sent_either(
    world: World, vendor: Vendor
) -> None:
    """The person is bound, whatever she is called later."""
    opt_out(world, known(a=["old@example.test"]), mail("old@example.test"))
    world.sync(vendor, {"a": "new@example.test"})
    assert vendor.members == set()


def test_a_placeholder_that_many_have_binds_the_address_and_nobody_s_others(
    world: World, vendor: Vendor
) -> None:
    till = "till@shop.test"
    many = known(**{f"k{n}": [till, f"{n}@example.test"] for n in range(SHARED_BY_MAX + 1)})
    world.sync(vendor, {"k0": till, "k1": "1@example.test"})
    assert opt_out(world, many, mail(till)) == 1
    assert {key for _, _, key, _ in waiting(world)} == {"k0"}, "who was sent with it"
    assert bound(world) == {(*mail(till), "ads")}
    opt_out(world, many, ("customer_id", "k1"), source_event="shop|2")
    assert bound(world) == {
        (*mail(till), "ads"), ("customer_id", "k1", "ads"), (*mail("1@example.test"), "ads"),
    }  # fmt: skip
    with world.ledger.read() as reader:
        events = reader.execute(
            suppression.select().where(suppression.c.subject_value == sha(till))
        )
        assert [row.source_event for row in events] == ["shop|1"]


def test_a_shared_phone_takes_nobody_s_mail(world: World) -> None:
    phone = ("phone_sha256", sha("+16505550001"))
    opt_out(world, Known(), mail("c@example.test"), phone, scopes=MAIL)
    assert bound(world) == {(*mail("c@example.test"), "email")}
    opt_out(world, Known(), phone, scopes=MAIL, source_event="shop|2")
    assert (*phone, "email") in bound(world), "nothing else was named: no opt-out is lost"


def test_many_together_come_to_what_they_come_to_one_after_another(tmp_path: Path) -> None:
    """People with common addresses, merged ids, a till's number, words told twice."""
    everybody = known(
        **{one: [address] for one, address in EMAILS.items()},
        **{f"k{n}": ["till@example.test"] for n in range(SHARED_BY_MAX + 1)},
    )
    everybody.owned["c"].add(mail("old@example.test"))
    merge = {"old_customer_id": "old", "customer_id": "c", "kind": "merge", "reason": "email"}
    said = [
        ({mail("shared@example.test")}, ADS), ({("customer_id", "old")}, SCOPES),
        ({mail("till@example.test")}, ADS), ({("customer_id", "k1")}, (*ADS, *MAIL)),
        ({mail("old@example.test"), mail("new@example.test")}, MAIL),
        ({mail("nobody@example.test")}, SCOPES), ({("customer_id", "a")}, ADS),
    ]  # fmt: skip
    seen = []
    for name, size in (("alone", 1), ("pairs", 2), ("together", len(said) + 1)):
        (tmp_path / name).mkdir()
        with world_in(tmp_path / name) as world:
            world.sync(Vendor(), {**EMAILS, "old": "new@example.test", "k2": "till@example.test"})
            world.ledger.record_customer_id_changes([{**merge, "changed_at": world.clock()}])
            objections = [
                objection(world, *subjects, scopes=scopes, source_event=f"shop|{place}")
                for place, (subjects, scopes) in enumerate([*said, said[0]])
            ]
            objections[-1] = replace(objections[-1], source_event="shop|0")
            connected = connected_destinations(world.settings)
            for some in chunks(objections, size):
                with world.ledger.transaction() as connection:
                    optouts.opt_out(connection, connected, everybody, some, world.clock())
            seen.append((bound(world), waiting(world), len(world.rows(suppression))))
            assert world.ledger.verify() > 1
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][1]) >= 4


def test_it_is_one_transaction(
    world: World, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync(vendor, EMAILS)

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("orchestration.activation.optouts.fast_lane.enqueue_in_order", fail)
    with pytest.raises(RuntimeError):
        opt_out(world, EVERYBODY, mail("c@example.test"))
    assert (world.rows(suppression), world.rows(outbox)) == ([], [])


def test_the_same_event_told_again_changes_nothing(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    assert opt_out(world, EVERYBODY, mail("c@example.test")) == 1
    world.deliver(vendor)
    before = (bound(world), world.rows(suppression))
    assert opt_out(world, EVERYBODY, mail("c@example.test")) == 0
    assert (bound(world), world.rows(suppression)) == before
    assert world.rows(outbox) == []


def test_nothing_goes_to_objects_that_never_held_her_or_hold_her_no_more(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, EMAILS)
    world.sync(vendor, {one: EMAILS[one] for one in "ab"})
    assert vendor.members == {sha("shared@example.test")}
    assert opt_out(world, EVERYBODY, mail("c@example.test")) == 0
    assert opt_out(world, EVERYBODY, mail("d@example.test"), source_event="shop|2") == 0
    assert ("email_sha256", sha("d@example.test"), "ads") in bound(world), "unknown, and bound"


def test_another_channel_s_lists_keep_her(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    assert opt_out(world, EVERYBODY, mail("c@example.test"), scopes=MAIL) == 0
    world.deliver(vendor)
    assert sha("c@example.test") in vendor.members


def test_a_destination_that_is_not_connected_gets_no_row(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    assert opt_out(world, EVERYBODY, mail("c@example.test"), connected=Connected({})) == 0
    assert ("customer_id", "c", "ads") in bound(world)


def test_an_id_that_merged_into_another_leaves_too(world: World, vendor: Vendor) -> None:
    world.sync(vendor, {"old": "c@example.test"})
    merge = {
        "old_customer_id": "old",
        "customer_id": "c",
        "kind": "merge",
        "reason": "email",
        "changed_at": world.clock(),
    }
    world.ledger.record_customer_id_changes([merge])
    assert opt_out(world, Known(), ("customer_id", "c")) == 1
    assert {key for _, _, key, _ in waiting(world)} == {"old"}


def test_an_id_that_was_split_off_again_stays(world: World, vendor: Vendor) -> None:
    world.sync(vendor, {"old": "c@example.test"})
    merge = {
        "old_customer_id": "old",
        "customer_id": "c",
        "kind": "merge",
        "reason": "email",
        "changed_at": world.clock(),
    }
    later = world.clock() + timedelta(days=1)
    split = {**merge, "customer_id": None, "kind": "split", "changed_at": later}
    world.ledger.record_customer_id_changes([merge, split])
    assert opt_out(world, Known(), ("customer_id", "c")) == 0


def test_an_old_snapshot_still_binds_the_address(world: World, vendor: Vendor) -> None:
    world.sync(vendor, EMAILS)
    assert opt_out(world, Known(is_old=True), mail("c@example.test")) == 0
    assert bound(world) == {("email_sha256", sha("c@example.test"), "ads")}


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        (MAIL, {("klaviyo", "unsubscription", "email"), ("klaviyo", "suppression", "email")}),
        (
            (("sms", "marketing"),),
            {
                ("klaviyo", "unsubscription", "phone_number"),
                ("postscript", "unsubscription", "phone_number"),
            },
        ),
        (ADS, set()),
    ],
)
def test_vendors_that_keep_their_own_record_are_told(
    world: World, scopes: Any, expected: set[tuple[str, str, str]]
) -> None:
    names = ("klaviyo", "postscript", "meta")
    phone, email = "+16505550001", "c@example.test"
    opt_out(
        world,
        Known(),
        mail(email),
        ("phone_sha256", sha(phone)),
        scopes=scopes,
        connected=Connected({name: loopback(name) for name in names}),
        addresses={sha(email): email, sha(phone): phone},
    )
    rows = world.rows(outbox)
    told = {(r["destination"], r["object"], *json.loads(r["payload_json"])) for r in rows}
    assert told == expected
    assert all(row["operation"] == "suppress" for row in rows)
    for row in rows:
        (address,) = json.loads(row["payload_json"]).values()
        assert row["key"] == sha(address)


def test_an_address_that_was_sent_in_clear_is_told_too(world: World) -> None:
    """The source names a customer; the list was sent her address, so the vendor can be told."""
    columns = ["customer_id", "email", "row_hash"]
    world.build(LIST, columns, [("c", "c@example.test", "1"), ("d", "d@example.test", "2")])
    world.approve(world.plan(LIST).plan_hash)
    world.deliver(Mailing())
    assert opt_out(world, Known(), ("customer_id", "c"), scopes=MAIL) == 3
    assert waiting(world) == {
        ("klaviyo", "list/vip", "c", "remove"),
        ("klaviyo", "unsubscription", sha("c@example.test"), "suppress"),
        ("klaviyo", "suppression", sha("c@example.test"), "suppress"),
    }
    order = [row["operation"] for row in world.rows(outbox)]
    assert order[0] == "remove", "whoever waits for a job holds nobody in a list"


class Mailing(Vendor):
    """A vendor that takes addresses in clear."""

    def __init__(self) -> None:
        super().__init__(name="klaviyo")

    def _call(self, name: str, rows: Any, _: Any) -> Any:
        hashed = [replace(row, payload={"email_sha256": "", **row.payload}) for row in rows]
        return super()._call(name, hashed, lambda _: None)


def test_an_address_in_clear_stands_nowhere_once_it_was_sent(world: World) -> None:
    email = "c@example.test"
    opt_out(world, Known(), mail(email), scopes=MAIL, addresses={sha(email): email})
    assert email in json.dumps(world.rows(outbox), default=str)
    world.deliver(Mailing())
    assert world.rows(outbox) == []
    assert world.rows(delivered) == []
    kept = [table.name for table in (suppression, delivered) if email in str(world.rows(table))]
    assert kept == []


def test_every_scope_is_one_that_the_gate_asks_for(world: World) -> None:
    opt_out(world, EVERYBODY, ("customer_id", "c"), scopes=SCOPES)
    with world.ledger.read() as reader:
        for channel, purpose in SCOPES:
            asked = {("customer_id", "c")}
            assert facts.suppressed(reader, channel, purpose, asked) == asked
