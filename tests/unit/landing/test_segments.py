"""Segments of the collector in the warehouse: once, whole, whatever came twice or was no row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.collector.intake import Line
from orchestration.collector.segments import Segments
from orchestration.landing import LandingReport, land_segments
from orchestration.landing.erased import REASON, know
from orchestration.landing.segment_erasing import blank_out
from orchestration.landing.segment_files import find_segments, head_digest, read_batch
from orchestration.landing.segments import shop_relations
from orchestration.landing.tables import create_raw_tables
from orchestration.ledger import open_ledger, tombstones
from orchestration.settings import Settings
from tests.unit.activation.world import sha
from tests.unit.landing.world import CONTRACT, MOMENT, fetch, now, settings_at, write

KEY = b"k" * tombstones.KEY_BYTES
AT = "2026-02-01T10:00:00+00:00"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of empty raw tables: making 70 of them takes longer than any test here."""
    file = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        create_raw_tables(connection, CONTRACT)
    return file


@pytest.fixture
def settings(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("orchestration.landing.segments.read_contract", lambda _: CONTRACT)
    shutil.copy(empty, tmp_path / empty.name)
    return settings_at(tmp_path)


def event(number: int, *, received_at: str = AT, gpc: bool = False, **fields: Any) -> Line:
    said = {
        "browser_id": "b-12345678", "type": "page_viewed", "occurred_at": AT,
        "page_url": "https://shop.example/a/b?x=1", "gclid": "g1", **fields,
    }  # fmt: skip
    row = {
        "source_relation": "storefront", "event_id": f"v{number}", "received_at": received_at,
        "is_gpc": gpc, "event": said,
    }  # fmt: skip
    return Line("events", f"v{number}", row)


def order(
    event_id: str, *, topic: str = "orders/updated", received_at: str = AT, **fields: Any
) -> Line:
    document = {
        "id": 7, "currency": "USD", "total_price": "10.00", "total_line_items_price": "12.00",
        "created_at": "2026-02-01T04:00:00-05:00", "processed_at": "2026-02-01T09:00:00Z",
        "updated_at": "2026-02-01T09:30:00Z", "customer": {"id": 3}, "email": "jane@example.com",
        "line_items": [
            {"id": 70, "sku": "A", "quantity": 2, "price": "6.00",
             "tax_lines": [{"price": "0.50", "rate": "0.05", "title": "tax"}],
             "discount_allocations": [{"amount": "2.00", "discount_application_index": 0}]},
        ],
        "discount_codes": [{"code": "TWO", "amount": "2.00", "type": "fixed_amount"}],
        "shipping_lines": [{"id": 71, "price": "0.00", "discounted_price": "0.00"}],
        **fields,
    }  # fmt: skip
    row = {
        "source_relation": "one.myshopify.com", "topic": topic, "event_id": event_id,
        "received_at": received_at, "order": document,
    }  # fmt: skip
    return Line("orders", event_id, row)


def deleted() -> Line:
    row = {
        "source_relation": "one.myshopify.com", "topic": "orders/delete", "event_id": "gone",
        "received_at": "2026-02-01T12:00:00+00:00", "order": {"id": 7},
    }  # fmt: skip
    return Line("orders", "gone", row)


def put(settings: Settings, *lines: Line, closed: bool = True) -> None:
    """What the collector's own writer leaves."""
    writer = Segments(settings.segments_dir, lambda: 0.0)
    writer.append(lines)
    if closed:
        writer.close()


def put_lines(settings: Settings, name: str, lines: Iterable[bytes]) -> Path:
    return write(settings.segments_dir / name, b"".join(lines))


def text(line: Line) -> bytes:
    return json.dumps(line.row).encode() + b"\n"


def land(settings: Settings, **options: Any) -> LandingReport:
    return land_segments(settings, now=now, **options)


def test_an_event_lands_in_the_columns_of_the_contract(settings: Settings) -> None:
    put(settings, event(1, gpc=True, shop_customer_id=3, utm_source="mail", value="9.90"))
    assert land(settings).table("web.event").landed == 1
    assert fetch(
        settings,
        "select message_id, anonymous_id, user_id, event, context_page_path, context_click_id_type,"
        " context_sec_gpc, context_campaign_source, value::varchar, received_at from raw_web.event",
    ) == [
        ("v1", "b-12345678", "3", "page_viewed", "/a/b", "gclid", "1", "mail", "9.9000000000",
         datetime(2026, 2, 1, 10)),
    ]  # fmt: skip


def test_an_order_lands_whole_keeps_what_only_the_loader_knows_and_stays_when_it_is_deleted(
    settings: Settings,
) -> None:
    put(settings, order("o1"))
    land(settings)
    assert fetch(
        settings,
        "select id, customer_id, total_price::varchar, total_line_items_price::varchar, created_at,"
        ' _fivetran_deleted from raw_shopify."order"',
    ) == [(7, 3, "10.0000000000", "12.0000000000", datetime(2026, 2, 1, 9), False)]
    for table in ("order_line", "tax_line", "discount_allocation", "order_discount_code",
                  "order_shipping_line"):  # fmt: skip
        assert fetch(settings, f"select count(*) from raw_shopify.{table}") == [(1,)], table

    fetch(settings, "update raw_shopify.\"order\" set browser_ip = '::1', cart_token = 'c'")
    put(settings, order("o2", updated_at="2026-02-01T09:50:00Z"))
    land(settings)
    held = (
        "select browser_ip, cart_token, total_price::int, _fivetran_deleted"
        ' from raw_shopify."order"'
    )
    assert fetch(settings, held) == [("::1", None, 10, False)]

    put(settings, deleted())
    assert land(settings).quarantined == 0
    assert fetch(settings, held) == [("::1", None, 10, True)]


def test_landed_again_nothing_changes_and_a_line_that_came_twice_is_one_row(
    settings: Settings,
) -> None:
    put(settings, event(1), event(2))
    # The process began anew and the sender came again.
    put(settings, event(2), event(3), order("o1"))
    report = land(settings)
    assert report.table("web.event").landed == 3
    rows = "select * from raw_web.event order by all"
    before = fetch(settings, rows)
    assert land(settings).tables == ()
    assert fetch(settings, rows) == before


def test_what_is_no_row_is_quarantined_and_stops_nothing(settings: Settings) -> None:
    lines = [text(event(number, order_id="x")) for number in range(20)]
    put_lines(settings, "events-000000001.jsonl", [*lines, b"{torn\n", text(event(99))])
    report = land(settings).table("web.event")
    assert (report.read, report.landed, report.quarantined) == (22, 1, 21)
    assert report.reasons == {
        "order_id is not a whole number": 20, "the line is no JSON object": 1
    }  # fmt: skip
    assert fetch(
        settings,
        "select row_number, file_name from raw_landing.quarantine where reason like '%JSON%'",
    ) == [(21, "events-000000001.jsonl")]
    assert land(settings).quarantined == 0


def test_of_an_open_segment_whole_lines_land_and_the_rest_when_it_is_there(
    settings: Settings,
) -> None:
    whole, torn = text(event(1)), text(event(2))
    path = put_lines(settings, "events-000000001.jsonl.open", [whole, torn[:30]])
    assert land(settings).landed == 1
    assert land(settings).landed == 0
    path.write_bytes(whole + torn + text(event(3)))
    assert land(settings).landed == 2
    path.rename(path.with_suffix(""))
    assert land(settings).landed == 0
    assert fetch(settings, "select landed_bytes, is_complete from raw_landing.segment") == [
        (len(whole + torn + text(event(3))), True)
    ]


def test_a_segment_that_is_closed_while_we_look_is_read_to_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "events-000000001.jsonl.open", text(event(1)) + b"torn")
    (listed,) = find_segments(tmp_path)
    assert (read_batch(listed, 0).is_last, listed.is_open) == (False, True)
    path.rename(tmp_path / listed.name)
    first = read_batch(listed, 0)
    assert (first.content, first.is_last) == (text(event(1)), False)
    assert read_batch(listed, first.end).is_last, "nobody was told of the torn line"
    (tmp_path / listed.name).unlink()
    assert (head_digest(listed), read_batch(listed, 0).content) == (None, b"")


def test_batches_of_any_size_land_the_same(settings: Settings) -> None:
    found = []
    empty = settings.warehouse.read_bytes()
    for size in (1, 1 << 20):
        settings.warehouse.write_bytes(empty)
        lines = [event(1), event(2), event(1), order("o1"), order("o2", total_price="9")]
        if not found:
            put(settings, *lines)
        land(settings, most_bytes=size)
        found.append([
            fetch(settings, f'select * exclude (_file_digest) from {table} order by all')
            for table in ("raw_web.event", 'raw_shopify."order"', "raw_shopify.tax_line")
        ])
    assert found[0] == found[1]


def test_the_newest_version_of_an_order_counts_whatever_came_last(settings: Settings) -> None:
    put(
        settings,
        order("new", updated_at="2026-02-01T09:45:00Z", financial_status="pending"),
        order("same_second", updated_at="2026-02-01T09:45:00Z", financial_status="paid",
              received_at="2026-02-01T10:00:00.100000+00:00"),
        order("old", updated_at="2026-02-01T09:30:00Z", financial_status="authorized",
              received_at="2026-02-01T11:00:00+00:00"),
    )  # fmt: skip
    assert land(settings).quarantined == 0
    status = 'select financial_status from raw_shopify."order"'
    assert fetch(settings, status) == [("paid",)]
    put(
        settings,
        order("older", updated_at="2026-02-01T09:31:00Z", financial_status="voided",
              received_at="2026-02-01T12:00:00+00:00"),
    )  # fmt: skip
    land(settings)
    assert fetch(settings, status) == [("paid",)]


def test_an_order_that_came_and_went_together_lands_as_deleted(settings: Settings) -> None:
    put(settings, order("o1"), deleted())
    assert land(settings).quarantined == 0
    assert fetch(
        settings, 'select _fivetran_deleted, total_price::int from raw_shopify."order"'
    ) == [(True, 10)]


@pytest.mark.parametrize(
    ("shops", "relation"),
    [
        ([], "one.myshopify.com"),
        ([("main", "shop.one", None)], "main"),
        ([("main", "shop.one", "two.myshopify.com")], "one.myshopify.com"),
        ([("a", None, "One.myshopify.com"), ("b", None, "two.myshopify.com")], "a"),
        ([("a", None, None), ("b", None, None)], "one.myshopify.com"),
    ],
)
def test_a_shop_is_called_as_the_loader_calls_it(
    memory: duckdb.DuckDBPyConnection,
    shops: list[tuple[str, str | None, str | None]],
    relation: str,
) -> None:
    memory.execute("create schema raw_shopify")
    memory.execute(
        "create table raw_shopify.shop"
        " (_source_relation varchar, domain varchar, myshopify_domain varchar)"
    )
    for shop in shops:
        memory.execute("insert into raw_shopify.shop values (?, ?, ?)", shop)
    assert shop_relations(memory, "orders")("one.myshopify.com") == relation


def test_a_line_of_somebody_erased_that_comes_late_brings_nothing_and_leaves_the_disk(
    settings: Settings,
) -> None:
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        known = [("email_sha256", sha("jane@example.com")), ("record", "web.anonymous_id|b-jane")]
        tombstones.bury(connection, tombstones.key_of(connection), known, MOMENT)
    put(settings, event(1, browser_id="b-jane"), event(2), order("o1"), closed=False)
    report = land(settings)
    assert report.table("web.event").reasons == {REASON: 1}
    assert fetch(settings, "select message_id from raw_web.event") == [("v2",)]
    orders = 'select id, email, customer_id, total_price::int from raw_shopify."order"'
    assert fetch(settings, orders) == [(7, None, None, 10)]
    quarantined = "select source_table, row_json from raw_landing.quarantine"
    assert fetch(settings, quarantined) == [("web.event", "{}")]
    texts = "".join(file.read_text() for file in settings.segments_dir.iterdir())
    assert "jane" not in texts
    assert '"total_price":"10.00"' in texts
    assert (land(settings).landed, land(settings).quarantined) == (0, 0)


@pytest.mark.parametrize("closed", [True, False])
def test_a_segment_without_her_goes_on_where_it_was(settings: Settings, closed: bool) -> None:
    put(settings, event(1, browser_id="b-jane"), event(2, browser_id="b-jane"), event(3))
    (segment,) = find_segments(settings.segments_dir)
    if not closed:
        segment.path.rename(f"{segment.path}.open")
    land(settings)
    if not closed:
        with open(f"{segment.path}.open", "ab") as later:
            later.write(text(event(4)))
    (segment,) = find_segments(settings.segments_dir)
    before = segment.path.stat()
    with duckdb.connect(str(settings.warehouse)) as connection:
        digest = tombstones.digest(KEY, ("record", "web.anonymous_id|b-jane"))
        know(connection, KEY, [digest])
        assert blank_out(connection, CONTRACT, segment) == 2
        assert blank_out(connection, CONTRACT, segment) == 0
    after = segment.path.stat()
    assert (after.st_size, after.st_ino == before.st_ino) == (before.st_size, not closed)
    assert b"jane" not in segment.path.read_bytes()
    assert land(settings).landed == (0 if closed else 1)
    assert fetch(settings, "select count(*) from raw_landing.segment") == [(1,)]
    assert fetch(settings, "from raw_landing.quarantine") == []


def test_a_new_segment_under_an_old_name_is_landed(settings: Settings) -> None:
    put(settings, event(1))
    land(settings)
    for file in settings.segments_dir.iterdir():
        file.unlink()
    put(settings, event(2))
    assert [file.name for file in settings.segments_dir.iterdir()] == ["events-000000001.jsonl"]
    assert land(settings).landed == 1


def test_orders_that_a_loader_brings_are_left_to_it(settings: Settings) -> None:
    put(settings, event(1))
    land(settings)
    fetch(settings, 'drop table raw_shopify."order"')
    fetch(settings, 'create view raw_shopify."order" as select 1 as id')
    put(settings, order("o1"), event(2))
    report = land(settings)
    assert report.landed == 1
    assert report.ignored_paths == ("orders-000000001.jsonl",)


def test_landed_segments_go_after_the_days_that_are_set_and_the_newest_stays(
    settings: Settings,
) -> None:
    kept = Settings.from_env(
        {"TRIBUTARY_HOME": str(settings.home), "TRIBUTARY_SEGMENTS_KEPT_DAYS": "7"}
    )
    for number in (1, 2, 3):
        put(settings, event(number))
    later = datetime.now(UTC) + timedelta(days=8)
    land(settings)
    assert len(list(settings.segments_dir.iterdir())) == 3, "unset: kept"
    land_segments(kept, now=lambda: datetime.now(UTC) + timedelta(days=6))
    assert len(list(settings.segments_dir.iterdir())) == 3, "too young"
    put_lines(settings, "events-000000002.jsonl", [text(event(2)), text(event(4))])
    land_segments(kept, now=lambda: later)
    assert [file.name for file in settings.segments_dir.iterdir()] == ["events-000000003.jsonl"]
    assert fetch(settings, "select count(*) from raw_web.event") == [(4,)]
    assert later > MOMENT
