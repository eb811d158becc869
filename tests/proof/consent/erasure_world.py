"""A simulated brand that was landed, built, published and delivered to five vendors.

What lives here: the raw files of the brand, models by hand over them (a real build takes minutes),
deliveries to the sandbox, and what the ledger and the collector know of one of its customers.
What never does: erasing, judging.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx

from orchestration.activation.deliver import DeliveryReport, deliver
from orchestration.activation.published_optouts import suppress_published
from orchestration.activation.spec import SyncSpec
from orchestration.brand import make_brand
from orchestration.collector.intake import Line
from orchestration.collector.segments import Segments
from orchestration.destinations.registry import open_destination
from orchestration.landing import land_directory, land_ledger, land_segments
from orchestration.ledger import consent_events, facts, open_ledger, utc_now
from orchestration.ledger.consent_events import ConsentEvent
from orchestration.publish import publish
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.settings import Settings
from tests.support import ROOT
from tests.unit.activation.world import World, sha
from tests.unit.test_publish import write_manifest

OBJECTS = {
    "klaviyo": ["list/vip"], "meta": ["custom_audience/vip", "conversions/shop"],
    "google": ["vip"], "tiktok": ["audience/vip"], "postscript": ["subscribers"],
}  # fmt: skip
# destination, object, kind, purpose, SQL of each payload column.
_EMAIL_HASH, _PHONE_HASH = "sha256(email)", "sha256(phone_number)"
DELIVERIES: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    ("klaviyo", "profiles", "profile", "marketing",
     {"email": "email", "phone_number": "phone_number", "external_id": "customer_id"}),
    ("klaviyo", "list/vip", "membership", "marketing",
     {"email": "email", "external_id": "customer_id"}),
    ("meta", "custom_audience/vip", "membership", "ads_sharing",
     {"extern_id": "customer_id", "email_sha256": _EMAIL_HASH,
      "phone_sha256": "sha256(replace(phone_number, '+', ''))"}),
    ("google", "customer_match/vip", "membership", "ads_sharing",
     {"email_sha256": "sha256(case when email like '%@gmail.com' then replace("
                      "split_part(email, '@', 1), '.', '') || '@gmail.com' else email end)",
      "phone_sha256": _PHONE_HASH, "ad_user_data": "'CONSENT_GRANTED'",
      "ad_personalization": "'CONSENT_GRANTED'"}),
    ("tiktok", "audience/vip", "membership", "ads_sharing",
     {"email_sha256": _EMAIL_HASH, "phone_sha256": _PHONE_HASH}),
    ("postscript", "subscribers", "profile", "marketing",
     {"phone_number": "phone_number", "property_segment": "'vip'"}),
    ("file", "file/vip", "membership", "marketing",
     {"email": "email", "phone_number": "phone_number"}),
)  # fmt: skip

# As identity would, from accounts, orders and profiles that an e-mail joins.
_MODELS = """
create schema if not exists identity; create schema if not exists customer;
create schema if not exists commerce; create schema if not exists consent;
create schema if not exists activation;
create or replace table identity.int_identity_nodes as
    select 'shopify.customer' as source_table, cast(id as varchar) as source_row_id,
        lower(trim(email)) as email, phone, default_address_country_code as country_code,
        coalesce(lower(trim(email)), cast(id as varchar)) as owner
    from raw_shopify.customer
    union all
    select 'shopify.order', cast(o.id as varchar), lower(trim(o.email)), o.phone,
        o.shipping_address_country_code, coalesce(lower(trim(c.email)), cast(c.id as varchar))
    from raw_shopify."order" as o inner join raw_shopify.customer as c on o.customer_id = c.id
    union all
    select 'klaviyo.person', id, lower(trim(email)), phone_number, country,
        coalesce(lower(trim(email)), id)
    from raw_klaviyo.person;
create or replace table identity.int_identity_members as
    select source_table || '|' || source_row_id as node_key,
        'cus_' || md5('proof|' || owner) as customer_id, 'shop' as source_relation,
        source_table, source_row_id
    from identity.int_identity_nodes;
create or replace table identity.int_identity_observations as
    select source_table || '|' || source_row_id as node_key, 'email' as identifier_type,
        email as identifier_value
    from identity.int_identity_nodes where email is not null
    union all
    select n.source_table || '|' || n.source_row_id, 'phone', p.phone_e164
    from identity.int_identity_nodes as n
    inner join raw_landing.phone_number as p
        on n.phone = p.phone and upper(coalesce(n.country_code, '')) = p.country_code
    where p.phone_e164 is not null;
create or replace table identity.identity_map as
    select o.identifier_type, '' as identifier_scope, o.identifier_value,
        min(m.customer_id) as customer_id
    from identity.int_identity_observations as o
    inner join identity.int_identity_members as m on o.node_key = m.node_key
    group by all having count(distinct m.customer_id) = 1;
create or replace table customer.dim_customers as
    select customer_id,
        min(identifier_value) filter (identifier_type = 'email') as email,
        min(identifier_value) filter (identifier_type = 'phone') as phone_number,
        12.50::decimal(18, 4) as net_sales_amount
    from identity.identity_map group by customer_id;
create or replace table commerce.fct_orders as
    select m.customer_id, m.source_row_id as order_id from identity.int_identity_members as m
    where m.source_table = 'shopify.order';
create or replace table identity.customer_seeds as
    select customer_id, 'shop' as source_relation, min(source_table) as source_table,
        min(source_row_id) as source_row_id, timestamp '2026-01-01' as first_ordered_at,
        timestamp '2026-01-01' as first_seen_at, timestamp '2026-03-01' as as_of_at
    from identity.int_identity_members group by customer_id;
create or replace table identity.customer_anchors as
    select customer_id, source_relation, source_table, source_row_id, 1 as anchor_number
    from identity.customer_seeds;
create or replace table identity.customer_id_history as
    select '' as old_customer_id, '' as customer_id, '' as reason,
        timestamp '2026-01-01' as valid_from where false;
create or replace table consent.fct_suppressions as
    select '' as subject_type, '' as subject_value, '' as channel, '' as purpose,
        '' as source_event, timestamp '2026-01-01' as suppressed_at where false;
"""
# An account of hers with an e-mail and a phone of her own, an order and a profile.
_WHO = """
select c.customer_id, c.email, c.phone_number,
    (select min(source_row_id) from identity.int_identity_members as m
     where m.customer_id = c.customer_id and m.source_table = 'shopify.customer') as account_id
from customer.dim_customers as c
where c.email is not null and c.phone_number is not null
    and c.customer_id in (select customer_id from commerce.fct_orders)
    and (select count(distinct source_table) from identity.int_identity_members as m
         where m.customer_id = c.customer_id) = 3
order by (c.email like '%.%@gmail.com') desc, c.customer_id limit 1
"""


@dataclass(frozen=True)
class Brand:
    """The world, where the brand's files came from, the vendors' record, and one customer."""

    world: World
    files: Path
    vendors: Path
    base: str
    collector: Segments
    customer_id: str
    email: str
    phone: str
    account_id: str

    @property
    def settings(self) -> Settings:
        return self.world.settings

    def land(self) -> None:
        """All of the brand's files, as a loader's backfill would bring them, and what the collector
        heard."""
        land_directory(self.settings, self.files, now=utc_now)
        land_ledger(self.settings, self.world.ledger)
        land_segments(self.settings, now=utc_now)

    def hear(self, number: int) -> None:
        """An order and a visit of hers and of somebody else come to the collector."""
        at = utc_now().isoformat()
        for who, email, phone, account in (
            ("she", self.email, self.phone, self.account_id),
            ("other", "somebody@else.test", "", "1"),
        ):
            name = f"{who}-{number}"
            order = {
                "id": 9_000_000 + 10 * number + (who == "she"), "email": email, "phone": phone,
                "currency": "USD", "total_price": "5.00", "created_at": at, "processed_at": at,
                "updated_at": at, "customer": {"id": account, "email": email},
            }  # fmt: skip
            event = {
                "browser_id": f"b-{who}-proof", "type": "page_viewed", "occurred_at": at,
                "shop_customer_id": account, "page_url": f"https://shop.test/?mail={email}",
            }  # fmt: skip
            shared = {"source_relation": "aurora-us", "received_at": at}
            self.collector.append([
                Line("orders", f"o-{name}", {**shared, "topic": "orders/create",
                                             "event_id": f"o-{name}", "order": order}),
                Line("events", f"e-{name}", {**shared, "is_gpc": False,
                                             "event_id": f"e-{name}", "event": event}),
            ])  # fmt: skip

    def build(self) -> None:
        """Models over what is landed, published."""
        build(self.world)

    def deliver(self) -> DeliveryReport:
        """Plan, approve and deliver everything."""
        return deliver_all(self.world)

    def vendors_said(self) -> str:
        """Everything that any vendor knows, as text in lower case."""
        record = sqlite3.connect(self.vendors)
        try:
            return "\n".join(record.iterdump()).lower()
        finally:
            record.close()


@contextmanager
def brand_in(folder: Path, customers: int) -> Iterator[Brand]:
    """Landed, built, published, delivered; one customer opted out of texts meanwhile."""
    home, files = folder / "home", folder / "files"
    make_brand(files, customers=customers, months=2, seed=5, progress=lambda *_: None)
    shutil.rmtree(files / "truth")
    shutil.copytree(files, home / "inbox")
    with start_in_background(folder / "sandbox", OBJECTS) as base:
        environment = {**sandbox_environment(base), "TRIBUTARY_HOME": str(home)}
        settings = replace(Settings.from_env(environment), project_dir=ROOT)
        with open_ledger(settings) as ledger:
            world = World(settings, ledger)
            land_directory(settings, settings.inbox_dir, now=utc_now)
            build(world)
            with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
                who = connection.execute(_WHO).fetchone()
                phones = connection.execute(
                    "select phone_number from customer.dim_customers where phone_number is not null"
                ).fetchall()
            assert who is not None
            httpx.post(f"{base}/_subscribers", json=[row[0] for row in phones]).raise_for_status()
            report = deliver_all(world)
            assert report.is_complete, report
            collector = Segments(settings.segments_dir, time.monotonic)
            brand = Brand(
                world, files, folder / "sandbox" / "vendors.sqlite", base, collector, *who
            )
            _know_more(brand)
            yield brand


def build(world: World) -> None:
    """The models by hand, and their snapshot."""
    with duckdb.connect(str(world.settings.warehouse)) as connection:
        connection.execute(_MODELS)
        for spec, columns in specs():
            payload = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
            needed = "phone_number" if spec.destination == "postscript" else "email"
            connection.execute(
                f"create or replace table activation.{spec.model} as"
                f" select customer_id, {payload}, md5(customer_id) as row_hash"
                f" from customer.dim_customers where {needed} is not null"
            )
    publish(
        world.settings, world.ledger, now=utc_now, manifest=write_manifest(world.settings),
        suppress=suppress_published(world.settings, world.ledger, utc_now),
    )


def specs() -> list[tuple[SyncSpec, dict[str, str]]]:
    """Every delivery with the SQL of its columns."""
    return [
        (
            SyncSpec(f"sync_{vendor}__{where.replace('/', '_')}", "activation", vendor, where,
                     "customer_id", kind, "0 6 * * *", purpose),
            columns,
        )
        for vendor, where, kind, purpose, columns in DELIVERIES
    ]  # fmt: skip


def deliver_all(world: World) -> DeliveryReport:
    """Plan, approve and deliver every delivery."""
    world.clock.moment = utc_now()
    for spec, _ in specs():
        made = world.plan(spec)
        if made.state == "open":
            world.approve(made.plan_hash)
    with httpx.HTTPTransport() as transport:
        return deliver(
            world.settings, world.ledger, now=utc_now, sleep=time.sleep,
            open_destination=partial(open_destination, transport=transport),
        )


def _know_more(brand: Brand) -> None:
    """A word about texts, a suppression, a segment of the collector and a bad row, all hers."""
    ledger, at = brand.world.ledger, utc_now()
    said = ConsentEvent(
        "preferences", "shop", "preferences", "e1", frozenset({("email_sha256", sha(brand.email))}),
        "marketing", "sms", "opted_out", at, at,
    )  # fmt: skip
    row: dict[str, Any] = {
        "subject_type": "phone_sha256", "subject_value": sha(brand.phone), "channel": "sms",
        "purpose": "marketing", "source_event": said.name, "suppressed_at": at,
    }  # fmt: skip
    with ledger.transaction() as connection:
        consent_events.record(connection, [said], at)
        facts.record_suppressions(connection, [row], at)
    land_ledger(brand.settings, ledger)
    # The first segments are landed whole; the second ones are being written meanwhile.
    brand.hear(1)
    brand.collector.close()
    land_segments(brand.settings, now=utc_now)
    brand.hear(2)
    with duckdb.connect(str(brand.settings.warehouse)) as connection:
        connection.execute(
            "insert into raw_landing.quarantine values ('shopify.order', 'f', 'd', 1, 'bad', ?, ?)",
            [json.dumps({"email": brand.email}), at.replace(tzinfo=None)],
        )
