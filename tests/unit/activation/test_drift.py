"""Read-back: what is missing comes back, who opted out leaves again, others are left alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from orchestration.activation.drift import Drift, check_drift
from orchestration.destinations.base import Receipt, Row
from tests.unit.activation.world import SPEC, Vendor, World, sha

THREE = {"a": "a@example.test", "b": "b@example.test", "c": "c@example.test"}


@dataclass
class Listing(Vendor):
    """A vendor that names its records and can list them."""

    def __post_init__(self) -> None:
        self.script = [self.named] * 50

    def named(self, row: Row) -> Receipt:
        return Receipt(row.key, "accepted", vendor_id=row.vendor_id or f"id-{row.key}")

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        """By the vendor's id alone."""
        self.calls.append(("remove", list(rows)))
        emails = {f"id-{key}": sha(email) for key, email in THREE.items()}
        self.members -= {emails[str(row.vendor_id)] for row in rows}
        return [Receipt(row.key, "accepted") for row in rows]

    def read_back(self) -> Iterator[str]:
        keys = {sha(email): f"id-{key}" for key, email in THREE.items()}
        yield from (keys.get(member, member) for member in sorted(self.members))


def drift(world: World, vendor: Vendor) -> Drift:
    (found,) = check_drift(
        world.settings,
        world.ledger,
        [SPEC],
        open_destination=lambda *_: vendor,
        now=world.clock,
        sleep=world.clock.sleep,
    )
    return found


def test_what_stands_is_found_standing(world: World) -> None:
    vendor = Listing()
    world.sync(vendor, THREE)
    vendor.members.add("a member of others")
    found = drift(world, vendor)
    counts = (found.listed_count, found.standing_count, found.missing_count, found.foreign_count)
    assert counts == (4, 3, 0, 1)
    assert len(world.sync(vendor, THREE).deliveries) == 0
    assert "a member of others" in vendor.members


def test_whoever_is_missing_comes_back_with_the_next_plan(world: World) -> None:
    vendor = Listing()
    world.sync(vendor, THREE)
    vendor.members.discard(sha("b@example.test"))
    assert drift(world, vendor).missing_count == 1
    world.sync(vendor, THREE)
    assert vendor.members == {sha(email) for email in THREE.values()}


def test_whoever_opted_out_and_is_back_leaves_again_and_others_stay(world: World) -> None:
    vendor = Listing()
    world.sync(vendor, THREE)
    world.suppress("customer_id", "b")
    world.sync(vendor, {"a": THREE["a"]})
    vendor.members |= {sha(THREE["b"]), sha(THREE["c"])}
    found = drift(world, vendor)
    assert (found.returned_count, found.foreign_count) == (1, 1)
    world.deliver(vendor)
    name, rows = vendor.calls[-1]
    assert (name, [row.vendor_id for row in rows]) == ("remove", ["id-b"])
    assert vendor.members == {sha(THREE["a"]), sha(THREE["c"])}


def test_a_membership_is_sent_again_before_the_vendor_forgets_it(world: World) -> None:
    account = replace(world.settings.destinations["meta"], membership_days=30)
    world.settings = replace(
        world.settings, destinations={**world.settings.destinations, "meta": account}
    )
    vendor = Vendor()
    world.sync(vendor, THREE)
    world.clock.sleep(23 * 86_400)
    assert world.sync(vendor, THREE).deliveries == ()
    world.clock.sleep(2 * 86_400)
    report = world.sync(vendor, THREE)
    assert report.deliveries[0].verdict_counts == {("update", "accepted"): 3}
    assert world.sync(vendor, THREE).deliveries == ()
