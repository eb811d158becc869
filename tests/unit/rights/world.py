"""Three people in a landed home whose identity stands beside it: two share a phone.

What lives here: what the tests of rights share.
What never does: assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from orchestration.landing import land_directory
from orchestration.ledger import Ledger, open_ledger
from orchestration.ledger.facts import Subject
from orchestration.rights import erase
from orchestration.rights.erase import Erasing, ErasureReport
from orchestration.settings import DestinationSettings, Settings
from tests.unit.activation.world import Clock, Vendor, World, sha
from tests.unit.landing.world import SYNCED, now, settings_at, write

ANN, BEA, CAT = "ann@example.test", "bea@example.test", "cat@example.test"
FAMILY, OWN = "+16505551212", "+16505559999"
CUSTOMERS = "id,email,phone,default_address_country_code,created_at,_fivetran_synced\n" + "".join(
    f"{number},{email},{phone},US,2026-01-01,{SYNCED}\n"
    for number, email, phone in (
        (1, f" {ANN.upper()} ", "(650) 555-1212"), (2, BEA, FAMILY), (3, CAT, OWN),
    )
)  # fmt: skip
_IDENTITY = """
create schema identity;
create table identity.int_identity_members as
    select cast(id as varchar) as node_key, 'cus_' || id as customer_id,
        'shopify.customer' as source_table, cast(id as varchar) as source_row_id
    from raw_shopify.customer;
create table identity.int_identity_observations as
    select cast(id as varchar) as node_key, 'email' as identifier_type,
        lower(trim(email)) as identifier_value
    from raw_shopify.customer
    union all
    select cast(c.id as varchar), 'phone', p.phone_e164
    from raw_shopify.customer as c inner join raw_landing.phone_number as p on c.phone = p.phone;
create table identity.identity_map as
    select 'email' as identifier_type, '' as identifier_scope,
        lower(trim(email)) as identifier_value, 'cus_' || id as customer_id
    from raw_shopify.customer;
"""


@dataclass(frozen=True)
class Home:
    """The home, and a vendor that takes whatever it is asked."""

    world: World
    vendor: Vendor

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    def erase(self, *subjects: Subject) -> ErasureReport:
        erase.ask_by_hand(self.ledger, set(subjects), self.world.clock)
        (report,) = self.go_on()
        return report

    def go_on(self) -> list[ErasureReport]:
        return erase.work_on(
            Erasing(
                self.settings, self.ledger, lambda *_: self.vendor, self.world.clock,
                self.world.clock.sleep,
            )
        )  # fmt: skip

    def customers(self) -> list[int]:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            rows = connection.execute("select id from raw_shopify.customer order by id").fetchall()
        return [row[0] for row in rows]


@contextmanager
def home_in(folder: Path) -> Iterator[Home]:
    """Landed from the inbox, with identity; its one destination has no erasure of its own."""
    meta = DestinationSettings("meta", "http://127.0.0.1:9", "account-1", None)
    chosen = replace(settings_at(folder / "home"), destinations={"meta": meta})
    write(chosen.inbox_dir / "shopify" / "customer.csv", CUSTOMERS)
    land_directory(chosen, chosen.inbox_dir, now=now)
    with duckdb.connect(str(chosen.warehouse)) as connection:
        connection.execute(_IDENTITY)
    clock = Clock()
    with open_ledger(chosen, now=clock) as ledger:
        yield Home(World(chosen, ledger, clock), Vendor())


def email(shown: str) -> Subject:
    return ("email_sha256", sha(shown))


def phone(shown: str) -> Subject:
    return ("phone_sha256", sha(shown))
