from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError
from orchestration.landing.mapping import read_mapping
from orchestration.settings import PROJECT_DIR
from tests.unit.landing.world import write

MAPPING = """
relation: shop
shop: {name: Shop, currency: EUR}
columns: {order_number: Order, sku: SKU, quantity: Qty, unit_price: Price, ordered_at: Date}
"""


def test_the_example_that_ships_is_valid() -> None:
    mapping = read_mapping(PROJECT_DIR / "docs" / "examples" / "online_retail.yml")
    assert mapping.refunds.order_number_prefix == "C"
    assert mapping.columns.named()["order_number"] == "invoice_no"
    assert mapping.countries["Norway"] == "NO"


def test_five_columns_are_enough(tmp_path: Path) -> None:
    mapping = read_mapping(write(tmp_path / "m.yml", MAPPING))
    assert set(mapping.columns.named()) == {
        "order_number", "sku", "quantity", "unit_price", "ordered_at",
    }  # fmt: skip
    assert mapping.timezone == "UTC"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("sku: SKU, ", ""), "columns.sku"),
        (("Price", "Price, colour: Colour"), "columns.colour"),
        (("currency: EUR", "currency: euro"), "shop.currency"),
        (("relation: shop", "relation: ''"), "relation"),
        (("relation: shop", "relation: shop\ntimezone: Mars/Base"), "timezone"),
        (("relation: shop", "relation: shop\nrefund: {}"), "refund"),
    ],
)
def test_a_wrong_key_is_named(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{key}'"):
        read_mapping(write(tmp_path / "m.yml", MAPPING.replace(*change)))


@pytest.mark.parametrize("content", ["a: [", b"\xff\xfe", ""])
def test_what_is_no_mapping_is_refused(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"m.yml"):
        read_mapping(write(tmp_path / "m.yml", content))


def test_a_missing_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_mapping(tmp_path / "m.yml")
