"""Opting out is tested on nobody: each channel that works shows it, and a broken one is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestration.activation.canary import ABSENT, ACCEPTED, BROKEN, UNTESTED, opt_canary_out
from orchestration.activation.spec import SyncSpec
from orchestration.destinations.base import FatalError, Receipt, Row
from orchestration.destinations.optouts import VendorOptOut
from orchestration.destinations.registry import open_destination
from orchestration.errors import ConfigurationError
from orchestration.ledger import open_ledger, utc_now
from orchestration.ledger.tables import audit_chain, suppression
from orchestration.settings import CanarySettings
from tests.faults.serving import LISTS, brand_in, sandbox_in
from tests.unit.activation.test_whole_opt_outs import known
from tests.unit.activation.world import Vendor, World, settings_in, world_in

WHO = CanarySettings("nobody@canary.example", "+12025550100")
NOBODY_LISTENS = "http://127.0.0.1:9"


def spec(vendor: str, where: str, purpose: str) -> SyncSpec:
    return SyncSpec(
        f"sync_{vendor}__vip", "activation", vendor, where, "customer_id", "membership",
        "0 6 * * *", purpose,
    )  # fmt: skip


SPECS = [spec(vendor, *given) for vendor, given in LISTS.items()]


def test_every_vendor_shows_that_she_is_gone_and_the_dead_one_is_named(tmp_path: Path) -> None:
    with sandbox_in(tmp_path) as base, brand_in(base, tmp_path) as brand:
        dead = replace(brand.settings.destinations["tiktok"], base_url=NOBODY_LISTENS)
        destinations = {**brand.settings.destinations, "tiktok": dead}
        settings = replace(brand.settings, destinations=destinations)
        before = {vendor: brand.members(vendor) for vendor in ("klaviyo", "meta", "google")}
        with open_ledger(settings) as ledger:
            found = opt_canary_out(
                settings, ledger, SPECS, WHO,
                open_destination=open_destination, now=utc_now, sleep=lambda _: None,
            )  # fmt: skip
            assert ledger.verify() > 1
        after = {vendor: brand.members(vendor) for vendor in before}
    states = {(one.destination, one.object): one.state for one in found}
    assert states == {
        ("tiktok", "audience/vip"): BROKEN,
        ("ledger", "gate"): ABSENT,
        ("klaviyo", "list/vip"): ABSENT,
        ("klaviyo", "suppression"): ABSENT,
        ("klaviyo", "unsubscription"): ACCEPTED,
        ("postscript", "unsubscription"): ABSENT,
        ("meta", "custom_audience/vip"): ACCEPTED,
        ("google", "customer_match/vip"): ACCEPTED,
    }
    assert found[0].destination == "tiktok", "the broken one comes first"
    assert "ConnectError" in str(found[0].reason)
    assert after == before, "nobody else left"
    assert "canary.example" not in repr(found)


@dataclass
class Liar(Vendor):
    """Takes every opt-out and keeps none, or refuses."""

    name: str = "klaviyo"
    out: set[str] = field(default_factory=set)
    is_lying: bool = False
    verdict: str = "accepted"

    def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
        if not self.is_lying:
            self.out |= {str(row.payload.get("email")) for row in rows}
        return [Receipt(row.key, self.verdict, "a_reason") for row in rows]  # type: ignore[arg-type]

    def remove(self, rows: Sequence[Row]) -> list[Receipt]:
        return [Receipt(row.key, "accepted", vendor_id="P1") for row in rows]

    def opted_out(self) -> Iterator[VendorOptOut]:
        yield from (VendorOptOut(one) for one in self.out)

    def is_out(self, address: str) -> bool:
        return address in self.out


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = settings_in(tmp_path).destinations["klaviyo"]
    with world_in(tmp_path, destinations={"klaviyo": one}) as made:
        yield made


def opted_out(
    world: World, vendor: Vendor, who: CanarySettings = WHO
) -> dict[str, tuple[str, str | None]]:
    found = opt_canary_out(
        world.settings, world.ledger, [spec("klaviyo", *LISTS["klaviyo"])], who,
        open_destination=lambda *_: vendor, now=world.clock, sleep=world.clock.sleep,
    )  # fmt: skip
    return {one.object: (one.state, one.reason) for one in found}


def test_each_test_opts_out_an_address_of_its_own(world: World) -> None:
    vendor = Liar()
    email = CanarySettings(WHO.email, None)
    for _ in range(2):
        world.clock.sleep(3_600)
        assert {state for state, _ in opted_out(world, vendor, email).values()} == {ABSENT}
    tagged = {one for one in vendor.out if one.startswith("nobody+")}
    assert len(tagged) == 2
    assert "canary.example" not in str(world.rows(suppression)) + str(world.rows(audit_chain))


def test_a_vendor_that_says_yes_and_does_nothing_is_found(world: World) -> None:
    vendor = Liar(is_lying=True)
    found = opted_out(world, vendor)
    assert found["suppression"] == (BROKEN, "the vendor shows her still")
    assert world.clock.slept >= 60, "vendors have a minute"
    (link,) = [row for row in world.rows(audit_chain) if row["kind"] == "canary"]
    assert '"klaviyo suppression"' in link["detail_json"]


def test_a_refusal_and_a_silent_vendor_are_named_with_the_reason(world: World) -> None:
    found = opted_out(world, Liar(verdict="rejected"))
    assert found["suppression"] == (BROKEN, "a_reason")
    world.clock.sleep(60)

    @dataclass
    class Shut(Liar):
        def upsert(self, rows: Sequence[Row]) -> list[Receipt]:
            raise FatalError("klaviyo answered suppress with 403.", remedy="Check the key.")

    shut = opted_out(world, Shut())
    assert shut["suppression"][0] == BROKEN
    assert "403" in str(shut["suppression"][1])


def test_a_channel_without_an_address_is_untested_and_a_real_person_is_no_canary(
    world: World,
) -> None:
    found = opted_out(world, Liar(), CanarySettings(None, WHO.phone))
    assert found["suppression"][0] == UNTESTED
    with pytest.raises(ConfigurationError, match="No canary"):
        opted_out(world, Liar(), CanarySettings(None, None))
    rows = len(world.rows(suppression))
    with pytest.raises(ConfigurationError, match="belongs to a customer"):
        opt_canary_out(
            world.settings, world.ledger, [], WHO,
            open_destination=lambda *_: Liar(), now=world.clock, sleep=world.clock.sleep,
            lookup=known(a=[str(WHO.email)]),
        )  # fmt: skip
    assert len(world.rows(suppression)) == rows


@pytest.mark.parametrize("given", [
    {"TRIBUTARY_CANARY_EMAIL": "a+tag@canary.example"}, {"TRIBUTARY_CANARY_EMAIL": ""},
    {"TRIBUTARY_CANARY_PHONE": "555"},
])  # fmt: skip
def test_an_address_of_another_form_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="CANARY"):
        CanarySettings.from_env(given)
