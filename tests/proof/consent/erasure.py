"""One person is erased everywhere, and a backfill does not bring her back.

What lives here: the search for her in every form through every store, before and after.
What never does: the code of the erasure's own search; the search here knows nothing of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb

from orchestration.activation.payloads import email_digest
from orchestration.destinations.registry import open_destination
from orchestration.ledger import utc_now
from orchestration.ledger.tables import receipt
from orchestration.rights import erase
from tests.proof.consent.erasure_world import Brand, brand_in, specs
from tests.proof.harness import Result, passed

CHANNELS = {"klaviyo", "meta", "google", "tiktok", "postscript"}
CUSTOMERS, QUICK_CUSTOMERS = 2_000, 60


def erased(quick: bool) -> Result:
    """Erase her by e-mail and search everywhere; land the same files again and what the collector
    hears of her later, build, deliver, search."""
    with (
        tempfile.TemporaryDirectory() as folder,
        brand_in(Path(folder), QUICK_CUSTOMERS if quick else CUSTOMERS) as brand,
    ):
        forms = forms_of(brand)
        before = hits(brand, forms)
        others = _rows(brand)
        report = _erase(brand)
        after = hits(brand, forms)
        proved = {
            step.name.removeprefix("channel ")
            for step in report.steps
            if step.state == "done" and step.name.startswith("channel ")
        } & CHANNELS
        kept = _rows(brand)
        links = brand.world.ledger.verify()
        brand.hear(3)
        brand.land()
        brand.build()
        brand.deliver()
        again = hits(brand, forms)
        refused = _forced_through_the_gate(brand, forms)
    places = (
        "files", "segments", "contacts", "warehouse", "landed consent", "ledger", "vendors",
    )  # fmt: skip
    ok = (
        all(before[place] for place in places)
        and not after and not again and not refused
        and report.is_finished and proved == CHANNELS and links > 1
        and kept["shopify.order"] == others["shopify.order"]
        and others["shopify.customer"] - kept["shopify.customer"] == 1
    )  # fmt: skip
    found = ", ".join(f"{before[place]:,} {place}" for place in places)
    return passed(
        ok,
        f"{len(forms)} forms of her stood in {found}; after it in {sum(after.values())}"
        f" {dict(after) or ''}; {len(proved)} channels proved; landed again, built and delivered:"
        f" {sum(again.values())} {dict(again) or ''}; past the gate: {refused}",
        "0; 5; 0; 0",
    )


def forms_of(brand: Brand) -> set[str]:
    """Every spelling in her raw rows, their normal forms, and any common digest of each."""
    with duckdb.connect(str(brand.settings.warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select email, phone from raw_shopify.customer where lower(trim(email)) = $1
            union select email, phone_number from raw_klaviyo.person where lower(trim(email)) = $1
            union select email, phone from raw_shopify."order" where lower(trim(email)) = $1
            """,
            [brand.email],
        ).fetchall()
    emails = {brand.email, *(row[0] for row in rows if row[0])}
    emails |= {one.strip().lower() for one in emails}
    box, _, domain = brand.email.partition("@")
    emails.add(f"{box.replace('.', '')}@{domain}")
    phones = {brand.phone, brand.phone.removeprefix("+"), *(row[1] for row in rows if row[1])}
    plain = {one for one in emails | phones if len(one) > 6}
    digests = {
        hashlib.new(kind, one.encode()).hexdigest()
        for one in plain
        for kind in ("sha256", "sha1", "md5")
    }
    return {one.lower() for one in plain | digests}


def hits(brand: Brand, forms: set[str]) -> Counter[str]:
    """How many files, warehouse tables, ledger tables and vendors' rows hold one of the forms."""
    found: Counter[str] = Counter()
    for file in brand.settings.home.rglob("*"):
        if file.is_file() and not file.is_symlink() and _has(file.read_bytes(), forms):
            place = "contacts" if file.name == "contacts.sqlite" else "files"
            found["segments" if ".jsonl" in file.name else place] += 1
    for source, text in _warehouse_texts(brand):
        place = "landed consent" if source.startswith('"raw_ledger"') else "warehouse"
        found[place] += any(form in text for form in forms)
    for file in (brand.settings.home / "ledger.sqlite", *_lookups(brand)):
        with closing(sqlite3.connect(file)) as store:
            found["ledger"] += any(
                form in line.lower() for line in store.iterdump() for form in forms
            )
    vendors = brand.vendors_said().splitlines()
    found["vendors"] = sum(any(form in line for form in forms) for line in vendors)
    return Counter({place: count for place, count in found.items() if count})


def _has(content: bytes, forms: set[str]) -> bool:
    lowered = content.lower()
    return any(form.encode() in lowered for form in forms)


def _warehouse_texts(brand: Brand) -> Iterator[tuple[str, str]]:
    """Each table and each Parquet file with its text: their blocks are compressed."""
    with duckdb.connect(str(brand.settings.warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_type = 'BASE TABLE'"
        ).fetchall()
        sources = [f'"{schema}"."{name}"' for schema, name in tables]
        sources += [f"read_parquet('{one}')" for one in brand.settings.home.rglob("*.parquet")]
        for source in sources:
            row = connection.execute(
                f"select lower(string_agg(cast(to_json(t) as varchar), chr(10))) from {source} as t"
            ).fetchone()
            yield source, (row and row[0]) or ""


def _lookups(brand: Brand) -> list[Path]:
    return sorted(brand.settings.published_dir.glob("*/lookup.sqlite"))


def _erase(brand: Brand) -> erase.ErasureReport:
    ledger = brand.world.ledger
    subjects = {("email_sha256", email_digest(brand.email))}
    assert erase.preview(brand.settings, ledger, subjects)["customer_ids"] == 1
    erase.ask_by_hand(ledger, subjects, utc_now)
    work = erase.Erasing(brand.settings, ledger, open_destination, utc_now, time.sleep)
    (report,) = erase.work_on(work)
    return report


def _rows(brand: Brand) -> dict[str, int]:
    """Rows of the raw tables of people and of money."""
    with duckdb.connect(str(brand.settings.warehouse), read_only=True) as connection:
        counts = {}
        for name in ("customer", "order"):
            row = connection.execute(f'select count(*) from raw_shopify."{name}"').fetchone()
            counts[f"shopify.{name}"] = int(row[0]) if row else 0
        return counts


def _forced_through_the_gate(brand: Brand, forms: set[str]) -> int:
    """A build that knew nothing of the erasure plans her once more: how many rows got out."""
    with duckdb.connect(str(brand.settings.warehouse)) as connection:
        connection.execute(
            "insert into customer.dim_customers values (?, ?, ?, 0)",
            [brand.customer_id, brand.email, brand.phone],
        )
        for spec, columns in specs():
            payload = ", ".join(columns.values())
            connection.execute(
                f"insert into activation.{spec.model} select customer_id, {payload},"
                " md5(customer_id) from customer.dim_customers where customer_id = ?",
                [brand.customer_id],
            )
    at = utc_now()
    brand.deliver()
    with brand.world.ledger.read() as reader:
        said = reader.execute(
            receipt.select().where(
                receipt.c.key == brand.customer_id, receipt.c.received_at >= at
            )
        ).all()
    assert said, "the gate was never asked"
    assert {row.verdict for row in said} == {"superseded"}
    return sum(
        any(form in line for form in forms) for line in brand.vendors_said().splitlines()
    )
