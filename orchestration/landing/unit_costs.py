"""The history of unit costs: the shop's own field has none, so landing keeps it.

What lives here: every cost seen on an inventory item, and the moments at which it changed.
What never does: which cost an order line takes (that is the margin's).

The history is a pure function of the costs seen and the costs from files, so the order in which
files arrive does not matter.
"""

from __future__ import annotations

import duckdb

from orchestration.landing.contract import RawContract
from orchestration.landing.readers import DIGEST

ITEMS, HISTORY, SHOPS = "shopify.inventory_item", "costs.unit_cost_history", "shopify.shop"


def see_unit_costs(connection: duckdb.DuckDBPyConnection, relation: str, condition: str) -> None:
    """Remember the cost of each item in ``relation`` (contract columns) at its synced time."""
    connection.execute(
        f"""
        insert into raw_landing.unit_cost_seen
        select distinct _source_relation, sku, _fivetran_synced, cost, unit_cost_currency_code
        from {relation} as i
        where {condition} and nullif(trim(sku), '') is not null and cost is not null
            and not exists (
                select 1 from raw_landing.unit_cost_seen as s
                where s.source_relation = i._source_relation and s.sku = i.sku
                    and s.seen_at = i._fivetran_synced and s.cost = i.cost
                    and s.currency is not distinct from i.unit_cost_currency_code
            )
        """
    )


def drop_derived_costs(connection: duckdb.DuckDBPyConnection, contract: RawContract) -> None:
    """Take landing's own rows out of the history, before files are merged into it."""
    connection.execute("delete from raw_landing.unit_cost_change")
    if _is_table(connection):
        history = contract.table(HISTORY).relation
        connection.execute(f"delete from {history} where {DIGEST} is null")


def derive_costs(connection: duckdb.DuckDBPyConnection, contract: RawContract) -> int:
    """Write a row wherever a seen cost differs from the one known just before; returns how many.

    At equal times a row from a file goes first, then the lowest cost. A cost without a currency
    takes the shop's; where neither is known it waits until the shop is landed.
    """
    history, shops = contract.table(HISTORY).relation, contract.table(SHOPS).relation
    connection.execute(
        f"""
        insert into raw_landing.unit_cost_change
        with shop_currencies as (
            select _source_relation as source_relation, min(currency) as currency
            from {shops} group by _source_relation
        ),
        costs as (
            select
                _source_relation as source_relation, sku, valid_from, cost, currency,
                0 as is_seen
            from {history}
            union all
            select
                seen.source_relation, seen.sku, seen.seen_at, seen.cost,
                coalesce(nullif(seen.currency, ''), shop_currencies.currency), 1
            from raw_landing.unit_cost_seen as seen
            left join shop_currencies on seen.source_relation = shop_currencies.source_relation
        ),
        ranked as (
            select
                *,
                row_number() over (
                    partition by source_relation, sku, valid_from
                    order by is_seen, cost, currency
                ) as moment_rank
            from costs
            where currency is not null
        ),
        compared as (
            select
                *,
                lag(cost) over by_time as known_cost,
                lag(currency) over by_time as known_currency
            from ranked
            where moment_rank = 1
            window by_time as (partition by source_relation, sku order by valid_from)
        )
        select source_relation, sku, valid_from, cost, currency
        from compared
        where is_seen = 1
            and (cost is distinct from known_cost or currency is distinct from known_currency)
        """
    )
    if _is_table(connection):
        connection.execute(
            f"""
            insert into {history}
                (_source_relation, sku, valid_from, cost, currency, cost_source, _fivetran_synced)
            select source_relation, sku, valid_from, cost, currency, 'inventory_item', valid_from
            from raw_landing.unit_cost_change
            """
        )
    row = connection.execute("select count(*) from raw_landing.unit_cost_change").fetchone()
    return int(row[0]) if row else 0


def _is_table(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw_costs'"
        " and table_name = 'unit_cost_history'"
    ).fetchone()
    return found is not None
