"""Who was erased is not landed again, and nothing of her stands where that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.landing import land_directory
from orchestration.landing.erased import REASON, is_hers, know, masked, take_out
from orchestration.ledger import LedgerError, open_ledger, tombstones, utc_now
from orchestration.settings import Settings
from tests.unit.activation.world import sha
from tests.unit.landing.world import CONTRACT, MOMENT, SYNCED, fetch, now, settings_at, write

KEY = b"k" * tombstones.KEY_BYTES
ANN, BOB = "Ann@Example.test", "bob@example.test"
CUSTOMERS = (
    "id,email,phone,created_at,_fivetran_synced\n"
    f"1, {ANN} ,(650) 555-1212,2026-01-01,{SYNCED}\n2,{BOB},,2026-01-01,{SYNCED}\n"
)
ORDERS = (
    "id,customer_id,email,currency,total_price,created_at,processed_at,_fivetran_synced\n"
    f"10,1,{ANN},USD,12.50,2026-01-02,2026-01-02,{SYNCED}\n"
    f"11,2,{BOB},USD,3.00,2026-01-02,2026-01-02,{SYNCED}\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_at(tmp_path / "home")
    write(tmp_path / "in/shopify/customer.csv", CUSTOMERS)
    write(tmp_path / "in/shopify/order.csv", ORDERS)
    return made


def bury(settings: Settings, *identifiers: tuple[str, str]) -> None:
    with open_ledger(settings) as ledger, ledger.transaction() as connection:
        tombstones.bury(connection, tombstones.key_of(connection), identifiers, utc_now())


def test_an_erased_persons_row_is_refused_and_nobody_elses(
    settings: Settings, tmp_path: Path
) -> None:
    bury(settings, ("email_sha256", sha("ann@example.test")))
    report = land_directory(settings, tmp_path / "in", now=now).table("shopify.customer")
    assert (report.read, report.landed, report.quarantined) == (2, 1, 1)
    assert report.reasons == {REASON: 1}
    assert fetch(settings, "select id from raw_shopify.customer") == [(2,)]
    ((reason, row_json, name),) = fetch(
        settings, "select reason, row_json, file_name from raw_landing.quarantine"
    )
    assert (reason, row_json, name) == (REASON, "{}", "shopify/customer.csv")
    assert fetch(settings, "from raw_landing.phone_number") == []


def test_her_money_stays_without_her(settings: Settings, tmp_path: Path) -> None:
    bury(settings, ("record", "shopify.order|10"))
    land_directory(settings, tmp_path / "in", now=now)
    orders = fetch(
        settings, 'select id, customer_id, email, total_price from raw_shopify."order" order by id'
    )
    assert [(row[0], row[1], row[2], float(row[3])) for row in orders] == [
        (10, None, None, 12.5), (11, 2, BOB, 3.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "identifier"),
    [
        ("shopify.customer", {"id": 1}, ("record", "shopify.customer|1")),
        ("shopify.customer", {"phone": "+1 650.555.1212"}, ("phone_digits", "16505551212")),
        ("klaviyo.event", {"person_id": "01J"}, ("record", "klaviyo.person|01J")),
        ("web.event", {"anonymous_id": "d"}, ("record", "web.anonymous_id|d")),
        ("ledger.suppression", {"subject_value": "cus_a"}, ("customer_id", "cus_a")),
        ("privacy.consent_event", {"identifier_value": ANN},
         ("email_sha256", sha("ann@example.test"))),
        ("privacy.consent_event", {"identifier_value": sha("ann@example.test")},
         ("email_sha256", sha("ann@example.test"))),
    ],
)  # fmt: skip
def test_a_row_is_known_by_any_sign_of_her(
    memory: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any],
    identifier: tuple[str, str],
) -> None:  # fmt: skip
    contract = CONTRACT.table(table)
    values = {name: "$v" for name in row}
    know(memory, KEY, [tombstones.digest(KEY, identifier)])
    (value,) = row.values()
    condition = is_hers(contract, values)
    assert memory.execute(f"select {condition}", {"v": value}).fetchone() == (True,)
    assert memory.execute(f"select {condition}", {"v": f"{value}0"}).fetchone() == (False,)
    assert memory.execute(f"select {condition}", {"v": None}).fetchone() == (False,)


def test_a_bad_row_of_hers_is_evidence_of_nothing(raw: duckdb.DuckDBPyConnection) -> None:
    table = CONTRACT.table("shopify.customer")
    assert masked(raw, table, "_row_json") == "_row_json", "nobody was erased"
    know(raw, KEY, [tombstones.digest(KEY, ("email_sha256", sha("ann@example.test")))])
    shown = raw.execute(
        f"select {masked(raw, table, '_row_json')} from"
        " (select null as id, null as phone, unnest(['ann@example.test', 'b']) as email,"
        " 'text' as _row_json)"
    ).fetchall()
    assert shown == [("{}",), ("text",)]


def test_what_stands_already_is_taken_out(raw: duckdb.DuckDBPyConnection) -> None:
    raw.execute("insert into raw_shopify.customer (id, email) values (1, 'a@x.test'), (2, 'b')")
    raw.execute("insert into raw_landing.phone_number values ('650', 'US', '+16505551212', true)")
    known = [("record", "shopify.customer|1"), ("phone_digits", "16505551212")]
    know(raw, KEY, [tombstones.digest(KEY, one) for one in known])
    assert take_out(raw, CONTRACT) == {"shopify.customer": 1, "landing.phone_number": 1}
    assert raw.execute("select id from raw_shopify.customer").fetchall() == [(2,)]
    assert take_out(raw, CONTRACT) == {}


def test_her_refused_rows_go_by_any_sign_of_her(raw: duckdb.DuckDBPyConnection) -> None:
    shown = ('{"user_id":"3"}', '{"user_id":"4"}', '{"line":"3"}', "3", "no json")
    for number, row_json in enumerate(shown):
        raw.execute(
            "insert into raw_landing.quarantine values ('web.event', 'f', 'd', ?, 'bad', ?, ?)",
            [number, row_json, MOMENT.replace(tzinfo=None)],
        )
    know(raw, KEY, [tombstones.digest(KEY, ("record", "shopify.customer|3"))])
    assert take_out(raw, CONTRACT) == {"landing.quarantine": 1}
    left = raw.execute("select row_number from raw_landing.quarantine order by 1").fetchall()
    assert left == [(1,), (2,), (3,), (4,)]


def test_a_statement_goes_with_each_of_its_subjects(raw: duckdb.DuckDBPyConnection) -> None:
    spoken = [(1, "customer_id", "a"), (1, "browser", "b"), (2, "browser", "b")]
    for sequence, kind, value in spoken:
        raw.execute(
            "insert into raw_ledger.consent_event_subject values (?, ?, ?)",
            [sequence, kind, value],
        )
    raw.execute("insert into raw_ledger.consent_event (sequence) values (1), (2)")
    raw.execute("insert into raw_ledger.privacy_request_subject values (1, 'customer_id', 'a')")
    know(raw, KEY, [tombstones.digest(KEY, ("customer_id", "a"))])
    assert take_out(raw, CONTRACT) == {
        "ledger.consent_event": 1, "ledger.consent_event_subject": 2,
        "ledger.privacy_request_subject": 1,
    }  # fmt: skip
    for table in ("consent_event", "consent_event_subject"):
        assert raw.execute(f"select sequence from raw_ledger.{table}").fetchall() == [(2,)]


def test_a_landing_without_the_key_lands_nothing(settings: Settings, tmp_path: Path) -> None:
    bury(settings, ("record", "shopify.order|10"))
    (settings.home / tombstones.KEY_FILE).write_bytes(b"x" * tombstones.KEY_BYTES)
    with pytest.raises(LedgerError, match="not the one they were made with"):
        land_directory(settings, tmp_path / "in", now=now)
