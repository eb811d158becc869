from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from orchestration.landing.mapping import OrdersExportMapping, RateMapping, RefundMapping
from orchestration.landing.order_lines import bigint_id, literal, sign_reason, table_selects

MAPPING = OrdersExportMapping.model_validate(
    {
        "relation": "shop",
        "shop": {"name": "Shop", "currency": "EUR"},
        "columns": dict.fromkeys(
            ("order_number", "sku", "quantity", "unit_price", "ordered_at"), "x"
        ),
    }
)


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [("536365", True), ("0536365", False), ("C536365", False), ("9" * 19, False), ("", False)],
)
def test_digits_stay_and_other_text_is_hashed(
    memory: duckdb.DuckDBPyConnection, text: str, is_kept: bool
) -> None:
    row = memory.execute(f"select {bigint_id(literal(text))}").fetchone()
    assert row is not None
    assert 0 <= row[0] < 2**60
    assert (str(row[0]) == text) is is_kept
    assert memory.execute(f"select {bigint_id(literal(text))}").fetchone() == row


@pytest.mark.parametrize(
    ("refunds", "order", "quantity", "is_wrong"),
    [
        (RefundMapping(), "1", 1, False),
        (RefundMapping(), "1", -1, True),
        (RefundMapping(order_number_prefix="C"), "C1", -1, False),
        (RefundMapping(order_number_prefix="C"), "C1", 1, True),
        (RefundMapping(order_number_prefix="C"), "1", -1, True),
        (RefundMapping(is_negative_quantity=True), "1", -1, False),
        (RefundMapping(is_negative_quantity=True), "1", 0, False),
    ],
)
def test_a_line_of_the_wrong_sign_has_a_reason(
    memory: duckdb.DuckDBPyConnection,
    refunds: RefundMapping,
    order: str,
    quantity: int,
    is_wrong: bool,
) -> None:
    reason = sign_reason(MAPPING.model_copy(update={"refunds": refunds}))
    row = memory.execute(
        f"select {reason} from (select '{order}' as order_number, {quantity} as quantity)"
    ).fetchone()
    assert row is not None
    assert (row[0] is not None) is is_wrong


def test_payments_are_landed_only_where_the_gateway_is_known() -> None:
    assert "shopify.transaction" not in table_selects(MAPPING)
    assert "shopify.transaction" in table_selects(MAPPING.model_copy(update={"gateway": "stripe"}))


def test_a_quote_in_a_name_stays_text(memory: duckdb.DuckDBPyConnection) -> None:
    assert memory.execute(f"select {literal(chr(39) + 's')}").fetchone() == ("'s",)
    assert literal(None) == "null"


def test_rates_of_the_mapping_are_landed_beside_the_orders() -> None:
    assert "costs.exchange_rate" not in table_selects(MAPPING)
    rate = RateMapping(currency="USD", rate=Decimal("1.60"), valid_from=date(2010, 12, 1))
    select = table_selects(MAPPING.model_copy(update={"exchange_rates": (rate,)}))
    row = duckdb.execute(select["costs.exchange_rate"]).fetchall()
    assert row == [("EUR", "USD", date(2010, 12, 1), Decimal("1.60"))]
