"""Publishing: whole or not at all, the same twice, and the ledger hears what is new."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from orchestration.activation.published_optouts import suppress_published
from orchestration.ledger import Ledger, open_ledger, utc_now
from orchestration.publish import (
    PublishError,
    PublishReport,
    identifier_digest,
    publish,
    warehouse_digest,
)
from orchestration.settings import Settings
from tests.unit.activation.world import Clock, settings_in

PUBLIC = ("customer.dim_customers", "identity.identity_map", "commerce.fct_orders")
PRIVATE = (
    "identity.customer_seeds", "identity.customer_anchors", "identity.customer_id_history",
    "activation.sync_x", "consent.fct_suppressions",
)  # fmt: skip


def build(settings: Settings, customers: int = 3) -> None:
    """A warehouse as a green build leaves it, rows in no particular order."""
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(f"""
            create schema if not exists customer; create schema if not exists identity;
            create schema if not exists commerce; create schema if not exists consent;
            create schema if not exists activation; create schema if not exists raw_shopify;
            create or replace table numbers as
                select 'c' || range as customer_id, range as n from range({customers})
                order by hash(range);
            create or replace table customer.dim_customers as
                select customer_id, 'now-' || customer_id || '@example.test' as email,
                    case when n > 0 then '+1650555000' || n end as phone_number,
                    n * 1.50::decimal(18, 4) as net_sales_amount
                from numbers;
            create or replace table identity.identity_map as
                select 'email' as identifier_type, '' as identifier_scope,
                    customer_id || '@example.test' as identifier_value, customer_id,
                    'seed' as rule, timestamp '2026-01-01' as first_seen_at
                from numbers;
            create or replace table identity.customer_seeds as
                select customer_id, 'shop' as source_relation, 'customer' as source_table,
                    n::varchar as source_row_id, timestamp '2026-01-01' as first_seen_at,
                    case when n > 0 then timestamp '2026-01-02' end as first_ordered_at,
                    timestamp '2026-03-01' as as_of_at
                from numbers;
            create or replace table identity.customer_anchors as
                select customer_id, 'shop' as source_relation, 'customer' as source_table,
                    n::varchar as source_row_id, 1 as anchor_number
                from numbers;
            create or replace table identity.customer_id_history as
                select 'old' || n as old_customer_id, customer_id, 'email' as reason,
                    timestamp '2026-02-01' as valid_from, null::timestamp as valid_to
                from numbers;
            create or replace table commerce.fct_orders as select n as order_id from numbers;
            create or replace table consent.fct_suppressions as
                select 'customer_id' as subject_type, customer_id as subject_value,
                    'email' as channel, 'marketing' as purpose, 'event-' || n as source_event,
                    timestamp '2026-02-01' as suppressed_at
                from numbers where n % 2 = 0;
            create or replace table activation.sync_x as select 1 as customer_id;
            create or replace table raw_shopify.customer as select 1::bigint as id;
            drop table numbers;
        """)


def write_manifest(settings: Settings, *more: str) -> Path:
    nodes: dict[str, Any] = {}
    for name in (*PUBLIC, *PRIVATE, *more):
        schema, _, table = name.partition(".")
        is_public = name in (*PUBLIC, *more) or schema == "activation"
        nodes[name] = {
            "resource_type": "model",
            "name": table,
            "schema": schema,
            "access": "public" if is_public else "private",
            "config": {},
        }
    file = settings.home / "manifest.json"
    file.write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    build(made)
    return made


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(settings) as opened:
        yield opened


def published(settings: Settings, ledger: Ledger, clock: Clock | None = None) -> PublishReport:
    manifest = write_manifest(settings)
    return publish(
        settings, ledger, now=clock or Clock(), manifest=manifest,
        suppress=suppress_published(settings, ledger, clock or Clock()),
    )


def test_public_models_and_only_those_are_published(settings: Settings, ledger: Ledger) -> None:
    report = published(settings, ledger)
    names = {file.name for file in report.folder.iterdir()}
    beside = {"lookup.sqlite", "contacts.sqlite", "manifest.json"}
    assert names == {f"{name}.parquet" for name in PUBLIC} | beside
    assert (settings.published_dir / "current").resolve() == report.folder.resolve()
    customers = pq.read_table(report.folder / "customer.dim_customers.parquet").to_pylist()
    assert [row["customer_id"] for row in customers] == ["c0", "c1", "c2"]
    content = json.loads((report.folder / "manifest.json").read_text(encoding="utf-8"))
    assert content["build_id"] == report.build_id
    assert {t["table"]: t["row_count"] for t in content["tables"]} == dict(report.table_rows)
    assert all(file.stat().st_mode & 0o077 == 0 for file in report.folder.iterdir())


def test_an_identifier_leads_to_the_profile(settings: Settings, ledger: Ledger) -> None:
    report = published(settings, ledger)
    lookup = sqlite3.connect(report.folder / "lookup.sqlite")
    found = lookup.execute(
        "select profile_json from identifier join profile using (customer_id) "
        "where identifier_digest = ?",
        [identifier_digest("email", "", "c2@example.test")],
    ).fetchone()
    lookup.close()
    assert json.loads(found[0]) == {"customer_id": "c2", "net_sales_amount": 3.0}, "no contact"


def test_the_ledger_hears_new_ids_and_suppressions_once(
    settings: Settings, ledger: Ledger
) -> None:
    first = published(settings, ledger)
    # c0 and c2, each with her address of the identity map and that of the golden record.
    assert (first.new_customer_id_count, first.new_suppression_count) == (3, 6)
    assert (first.new_anchor_count, first.new_change_count) == (3, 3)
    build(settings, customers=4)
    second = published(settings, ledger)
    assert (second.new_customer_id_count, second.new_suppression_count) == (1, 0)
    assert (second.new_anchor_count, second.new_change_count) == (1, 1)
    register = ledger.rows_since("customer_id_register", 0, 10)
    assert [row["customer_id"] for row in register] == ["c0", "c1", "c2", "c3"]
    assert register[3]["source_row_id"] == "3"
    assert [row["first_ordered_at"] for row in register[:2]] == [None, day(2, month=1)]
    assert register[3]["as_of_at"] == day(1, month=3)
    anchors = ledger.rows_since("customer_id_anchor", 0, 10)
    assert [row["customer_id"] for row in anchors] == ["c0", "c1", "c2", "c3"]
    assert {row["as_of_at"] for row in anchors} == {day(1, month=3)}
    told = ledger.rows_since("suppression", 0, 20)
    assert [row["subject_value"] for row in told[:2]] == ["c0", "c2"]
    assert ledger.verify() > 2


@pytest.mark.parametrize(("customers", "is_bound"), [(10, True), (11, False)])
def test_a_placeholder_that_many_have_is_no_address_of_the_person(
    settings: Settings, ledger: Ledger, customers: int, is_bound: bool
) -> None:
    build(settings, customers)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update customer.dim_customers set email = 'till@shop.test'")
    published(settings, ledger)
    till = hashlib.sha256(b"till@shop.test").hexdigest()
    told = {row["subject_value"] for row in ledger.rows_since("suppression", 0, 100)}
    assert (till in told) == is_bound
    assert hashlib.sha256(b"c2@example.test").hexdigest() in told


def day(number: int, *, month: int) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def test_rows_of_the_history_become_merges_and_splits(settings: Settings, ledger: Ledger) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("""
            create or replace table identity.customer_id_history as
            select * from (values
                ('a', 'b', timestamp '2026-01-01', timestamp '2026-01-05', 'joined by email'),
                ('a', 'c', timestamp '2026-01-05', timestamp '2026-01-09', 'joined by phone'),
                ('a', 'a', timestamp '2026-01-09', null, 'taken apart by hand'),
                ('d', 'b', timestamp '2026-01-02', null, 'joined by hand')
            ) as changes (old_customer_id, customer_id, valid_from, valid_to, reason)
        """)
    assert published(settings, ledger).new_change_count == 4
    assert published(settings, ledger).new_change_count == 0
    changes = [
        (row["old_customer_id"], row["kind"], row["customer_id"], row["changed_at"], row["reason"])
        for row in ledger.rows_since("customer_id_change", 0, 10)
    ]
    assert changes == [
        ("a", "merge", "b", day(1, month=1), "joined by email"),
        ("a", "merge", "c", day(5, month=1), "joined by phone"),
        ("a", "split", None, day(9, month=1), "taken apart by hand"),
        ("d", "merge", "b", day(2, month=1), "joined by hand"),
    ]


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        ("drop table identity.customer_anchors", "customer_anchors"),
        ("drop table identity.customer_id_history", "customer_id_history"),
        ("alter table identity.customer_seeds drop column first_ordered_at", "customer_seeds"),
    ],
)
def test_what_the_ledger_needs_is_looked_for_before_anything_is_published(
    settings: Settings, ledger: Ledger, spoiled: str, named: str
) -> None:
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(spoiled)
    with pytest.raises(PublishError, match=named):
        published(settings, ledger)
    assert not (settings.published_dir / "current").exists()
    assert ledger.rows_since("customer_id_register", 0, 10) == []


def test_the_same_build_again_writes_nothing(settings: Settings, ledger: Ledger) -> None:
    first = published(settings, ledger)
    times = {file: file.stat().st_mtime_ns for file in first.folder.iterdir()}
    build(settings)
    second = published(settings, ledger)
    assert (second.build_id, first.is_new, second.is_new) == (first.build_id, True, False)
    assert {file: file.stat().st_mtime_ns for file in second.folder.iterdir()} == times


def test_the_last_three_are_kept_the_current_one_always(
    settings: Settings, ledger: Ledger
) -> None:
    clock = Clock()
    ids = []
    for customers in (1, 2, 3, 4, 1):
        build(settings, customers)
        ids.append(published(settings, ledger, clock).build_id)
        clock.sleep(60)
    kept = {entry.name for entry in settings.published_dir.iterdir() if entry.name != "current"}
    assert kept == {ids[4], ids[3], ids[2]}
    assert (settings.published_dir / "current").readlink() == Path(ids[4])


def test_a_promised_table_that_is_missing_leaves_everything_as_it_was(
    settings: Settings, ledger: Ledger
) -> None:
    before = published(settings, ledger)
    manifest = write_manifest(settings, "margin.fct_order_margin")
    with pytest.raises(PublishError, match=r"margin\.fct_order_margin"):
        publish(
            settings, ledger, now=Clock(), manifest=manifest,
            suppress=ledger.record_suppressions,
        )
    assert (settings.published_dir / "current").resolve() == before.folder.resolve()
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("drop table consent.fct_suppressions")
    with pytest.raises(PublishError, match="fct_suppressions"):
        published(settings, ledger)


def test_no_manifest_says_what_to_run(settings: Settings, ledger: Ledger) -> None:
    with pytest.raises(PublishError, match="tributary build"):
        publish(
            settings, ledger, now=Clock(), manifest=settings.home / "none.json",
            suppress=ledger.record_suppressions,
        )


def test_the_digest_knows_rows_not_their_order(settings: Settings) -> None:
    before = warehouse_digest(settings)
    assert set(before) == {*PUBLIC, *PRIVATE}
    build(settings)
    assert warehouse_digest(settings) == before
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("insert into commerce.fct_orders values (null)")
    after = warehouse_digest(settings)
    assert {name for name in after if after[name] != before[name]} == {"commerce.fct_orders"}


def _publish(environment: Mapping[str, str]) -> None:
    import os

    os.environ.update(environment)
    settings = settings_in(Path(environment["TRIBUTARY_HOME"]))
    with open_ledger(settings) as ledger:
        publish(
            settings, ledger, now=utc_now, manifest=settings.home / "manifest.json",
            suppress=suppress_published(settings, ledger, utc_now),
        )


def outcome(settings: Settings) -> dict[str, Any]:
    with open_ledger(settings) as ledger:
        assert ledger.verify() > 0
        facts = {
            table: [row["sequence"] for row in ledger.rows_since(table, 0, 10_000)]
            for table in (
                "customer_id_register", "customer_id_anchor", "customer_id_change", "suppression"
            )
        }
    folder = settings.published_dir / "current"
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    entries = sorted(entry.name for entry in settings.published_dir.iterdir())
    return {**facts, "files": files, "entries": entries, "current": folder.readlink().name}


@pytest.mark.parametrize(
    "point",
    [
        "publish_exporting:2",
        "publish_exported:1",
        "publish_before_pointer:1",
        "publish_pointed:1",
        "publish_registered:1",
        "publish_anchored:1",
        "publish_changes_recorded:1",
        "publish_suppressed:1",
    ],
)
def test_killed_at_a_point_and_run_again(tmp_path: Path, point: str) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    outcomes = []
    for armed in ("", point):
        settings = settings_in(tmp_path / (armed.partition(":")[0] or "undisturbed"))
        settings.home.mkdir()
        build(settings, customers=1_200)
        write_manifest(settings)
        for arming in filter(None, (armed, "none:1")):
            environment = {"TRIBUTARY_HOME": str(settings.home), "TRIBUTARY_KILL_AT": arming}
            child = context.Process(target=_publish, args=(environment,), daemon=True)
            child.start()
            child.join(60)
            assert child.exitcode == (-9 if arming == point else 0)
        outcomes.append(outcome(settings))
    assert outcomes[0] == outcomes[1]
