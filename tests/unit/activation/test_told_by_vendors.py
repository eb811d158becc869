"""What people said to a vendor binds before anything is added there, and is told again if lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from orchestration.activation.deliver import deliver
from orchestration.activation.drift import check_drift
from orchestration.destinations.base import FatalError, Receipt, RetriableError, Row
from orchestration.destinations.optouts import VendorOptOut
from orchestration.destinations.pace import Pacer, Rate
from orchestration.destinations.registry import OPT_OUT_OBJECTS
from orchestration.ledger import facts
from orchestration.ledger.facts import Lift, Proof
from orchestration.ledger.tables import outbox, receipt, suppression
from tests.unit.activation.test_whole_opt_outs import LIST, MAIL, known, mail, opt_out
from tests.unit.activation.world import START, Vendor, World, loopback, sha

EMAILS = {"a": "a@example.test", "b": "b@example.test"}
EARLIER = START - timedelta(days=3)


@dataclass
class Listening(Vendor):
    """A vendor with an own record of who is out: address -> time."""

    name: str = "klaviyo"
    out: dict[str, datetime | None] = field(default_factory=dict)
    refusals: list[Exception] = field(default_factory=list)
    reads: int = 0

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        if "email_sha256" in rows[0].payload:
            return super().upsert(rows)
        return [Receipt(row.key, "accepted") for row in rows]

    def opted_out(self) -> Iterator[VendorOptOut]:
        self.reads += 1
        if self.refusals:
            raise self.refusals.pop(0)
        for address, at in self.out.items():
            yield VendorOptOut(address, at, "UNSUBSCRIBE")

    def is_out(self, address: str) -> bool:
        return address in self.out


@pytest.fixture
def mailed(world: World) -> World:
    """Klaviyo's list is connected."""
    account = loopback("klaviyo")
    world.settings = replace(
        world.settings, destinations={**world.settings.destinations, "klaviyo": account}
    )
    return world


def approved(world: World) -> None:
    world.desire(EMAILS, LIST)
    world.approve(world.plan(LIST).plan_hash)


def test_whoever_said_no_there_is_not_added_and_stays_suppressed(mailed: World) -> None:
    approved(mailed)
    vendor = Listening(out={"B@example.test": EARLIER})
    report = mailed.deliver(vendor)
    assert report.deliveries[0].verdict_counts == {
        ("add", "accepted"): 1, ("add", "superseded"): 1,
    }  # fmt: skip
    assert vendor.members == {sha(EMAILS["a"])}
    (row,) = mailed.rows(suppression)
    assert (row["subject_value"], row["suppressed_at"]) == (sha(EMAILS["b"]), EARLIER)
    assert "example.test" not in str(row)
    mailed.deliver(vendor)
    assert vendor.reads == len(OPT_OUT_OBJECTS["klaviyo"]), "and no more without a plan"


@pytest.mark.parametrize(
    "refusal",
    [
        FatalError("klaviyo answered list_suppressed with 403.", remedy="Check the key."),
        RuntimeError("b@example.test"),
    ],
)
def test_where_the_record_cannot_be_read_nothing_is_added(
    mailed: World, refusal: Exception
) -> None:
    approved(mailed)
    vendor = Listening(refusals=[refusal])
    report = mailed.deliver(vendor)
    assert vendor.members == set()
    (sent,) = report.deliveries
    assert "opt-outs said there cannot be read" in str(sent.reason)
    assert "example.test" not in str(sent.reason)
    assert sent.pending_count == 2, "they wait and are not lost"
    mailed.deliver(vendor)
    assert len(vendor.members) == 2


@dataclass
class Paged(Listening):
    """Its record takes a minute and more to read, page by page, and a member says no meanwhile."""

    pacer: Pacer | None = None
    world: World | None = None
    log: list[str] = field(default_factory=list)

    def opened(self, pacer: Pacer) -> Paged:
        self.pacer = pacer
        return self

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        self.log.append("left")
        return super().remove(rows)

    def opted_out(self) -> Iterator[VendorOptOut]:
        assert self.pacer is not None
        assert self.world is not None
        for page in range(90):
            self.pacer.wait(Rate("pages", 75))
            self.world.clock.sleep(1.0)
            self.pacer.answered(Rate("pages", 75))
            self.log.append(f"page {page}")
            if page == 3 and self.members:
                opt_out(self.world, known(a=[EMAILS["a"]]), mail(EMAILS["a"]), scopes=MAIL)
        yield VendorOptOut("other@example.test", EARLIER, "UNSUBSCRIBE")


def test_opt_outs_wait_for_no_record_to_be_read_and_the_account_is_kept(mailed: World) -> None:
    mailed.sync(Vendor(name="klaviyo", members=set()), {"a": EMAILS["a"]}, LIST)
    vendor = Paged(members={sha(EMAILS["a"])}, world=mailed)
    approved(mailed)
    report = deliver(
        mailed.settings, mailed.ledger, now=mailed.clock, sleep=mailed.clock.sleep,
        open_destination=lambda *given: vendor.opened(given[3]),
    )  # fmt: skip
    assert vendor.log.index("left") == vendor.log.index("page 3") + 1
    assert report.is_complete
    assert vendor.members == {sha(EMAILS["b"])}


def test_a_short_failure_is_waited_for(mailed: World) -> None:
    approved(mailed)
    refusals: list[Exception] = [RetriableError("Busy.", remedy="Wait.")] * 2
    vendor = Listening(refusals=refusals)
    mailed.deliver(vendor)
    assert len(vendor.members) == 2


@pytest.mark.parametrize(
    ("vendor_time", "is_added"), [(EARLIER, True), (None, True), (START, False)]
)
def test_a_later_proven_yes_outlives_what_the_vendor_still_lists(
    mailed: World, vendor_time: datetime | None, is_added: bool
) -> None:
    vendor = Listening(out={EMAILS["b"]: vendor_time and EARLIER})
    approved(mailed)
    mailed.deliver(vendor)
    mailed.clock.sleep(60)
    subject, scope = ("email_sha256", sha(EMAILS["b"])), ("email", "marketing")
    lift = Lift(*subject, *scope, mailed.clock(), Proof("form", "1"))
    mailed.clock.sleep(60)
    with mailed.ledger.transaction() as connection:
        facts.record_lifts(connection, [lift], mailed.clock())
    if vendor_time == START:
        # She said no there once more, after her yes.
        vendor.out[EMAILS["b"]] = mailed.clock()
    mailed.sync(vendor, EMAILS, LIST)
    assert (sha(EMAILS["b"]) in vendor.members) is is_added


def test_an_opt_out_that_somebody_undid_there_is_told_again(
    mailed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = known(a=[EMAILS["a"]], b=[EMAILS["b"]])
    monkeypatch.setattr("orchestration.activation.drift.SnapshotLookup", lambda _: owners)
    vendor = Listening()
    mailed.desire({"b": EMAILS["b"]}, LIST, email=EMAILS["b"])
    mailed.approve(mailed.plan(LIST).plan_hash)
    mailed.deliver(vendor)
    with mailed.ledger.transaction() as connection:
        settled = [
            {"sequence": 1_000 + n, "destination": "klaviyo", "object": "suppression",
             "key": sha(address), "operation": "suppress", "verdict": "accepted",
             "received_at": START}
            for n, address in enumerate((*EMAILS.values(), "c@example.test"))
        ]  # fmt: skip
        connection.execute(receipt.insert(), settled)
    for address in EMAILS.values():
        mailed.suppress("email_sha256", sha(address), channel="email", purpose="marketing")
    # One stands, one was undone, and the third person said yes again since.
    vendor.out = {EMAILS["a"]: EARLIER, "other@example.test": EARLIER}
    found = check_drift(
        mailed.settings, mailed.ledger, [LIST],
        open_destination=lambda *_: vendor, now=mailed.clock, sleep=mailed.clock.sleep,
    )  # fmt: skip
    (drift,) = [one for one in found if one.object == "suppression"]
    counts = (drift.listed_count, drift.standing_count, drift.missing_count, drift.returned_count)
    assert (*counts, drift.foreign_count) == (2, 1, 1, 1, 1)
    told = [row for row in mailed.rows(outbox) if row["operation"] == "suppress"]
    assert [json.loads(row["payload_json"]) for row in told] == [{"email": EMAILS["b"]}]
