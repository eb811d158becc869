from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.errors import ConfigurationError, UnknownNameError
from orchestration.landing.contract import RawContract, read_contract
from orchestration.landing.registry import SOURCES
from tests.unit.landing.world import CONTRACT, write

SOURCE_YML = """
sources:
  - name: {source}
    schema: raw_{source}
    tables:
      - name: thing
        columns:
          - name: id
            data_type: {data_type}
            config:
              meta: {meta}
"""


def contract_of(
    directory: Path, data_type: str = "bigint", meta: str = "{key: true}"
) -> RawContract:
    for source in SOURCES:
        text = SOURCE_YML.format(source=source, data_type=data_type, meta=meta)
        write(directory / "models" / "staging" / source / f"_{source}__sources.yml", text)
    return read_contract(directory)


def test_a_table_says_its_keys_bounds_and_phone_regions() -> None:
    line = CONTRACT.table("shopify.order_line")
    assert line.keys == ("_source_relation", "id")
    assert line.column("quantity").minimum == Decimal(0)
    assert CONTRACT.table("costs.exchange_rate").column("rate").above == Decimal(0)
    phone = CONTRACT.table("shopify.order").column("phone")
    assert phone.phone_regions == ("shipping_address_country_code", "billing_address_country_code")


def test_reserved_table_names_are_quoted() -> None:
    assert CONTRACT.table("shopify.order").relation == '"raw_shopify"."order"'


def test_a_key_must_be_filled_even_where_the_yaml_does_not_say_so() -> None:
    updated = CONTRACT.table("facebook_ads.ad_history").column("updated_time")
    assert not updated.is_not_null
    assert updated.must_be_filled


def test_ledger_and_landing_tables_do_not_come_from_folders() -> None:
    sources = {table.source for table in CONTRACT.landed}
    assert sources == set(SOURCES)
    assert "ledger.receipt" in CONTRACT.tables


def test_an_unknown_table_answers_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"shopify\.order"):
        CONTRACT.table("shopify.orders")


@pytest.mark.parametrize(
    ("data_type", "meta", "named"),
    [("float", "{key: true}", "float"), ("bigint", "{kye: true}", "kye")],
)
def test_a_typo_in_the_contract_is_named(
    tmp_path: Path, data_type: str, meta: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        contract_of(tmp_path, data_type, meta)


def test_a_source_without_a_contract_is_named(tmp_path: Path) -> None:
    contract_of(tmp_path)
    (tmp_path / "models" / "staging" / "web" / "_web__sources.yml").unlink()
    with pytest.raises(ConfigurationError, match="web"):
        read_contract(tmp_path)
