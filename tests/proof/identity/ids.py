"""Claims about ids that stay: through shuffles, later rows, erasures, and a person's decisions.

What lives here: days of one small brand, each landed, built and registered for real.
What never does: accuracy.
"""

from __future__ import annotations

import functools
import random
import time
from pathlib import Path

import duckdb

from tests.proof.harness import Result, passed
from tests.proof.identity.world import Home, brand, part_of, partition, scratch

PERSONS, QUICK_PERSONS, SEED = 5_000, 1_000, 411
PAIRS = 20
_OLDEST = """
    processed_at <= (
        select quantile_disc(processed_at, 0.2) from read_parquet('{files}/shopify/order.parquet')
    )
"""


def _files(quick: bool) -> str:
    return str(brand(QUICK_PERSONS if quick else PERSONS, 12, SEED))


@functools.lru_cache(maxsize=2)
def _first_day(quick: bool) -> Home:
    """Everything landed and built at once, with an empty register; not registered yet."""
    home = Home("ids")
    home.land(brand(QUICK_PERSONS if quick else PERSONS, 12, SEED))
    home.build()
    return home


def shuffled(quick: bool) -> Result:
    """The same rows in another order and in two landings, built from nothing."""
    files = brand(QUICK_PERSONS if quick else PERSONS, 12, SEED)
    first = _first_day(quick).customers()
    home = Home("shuffled")
    odd = {"shopify/order": "id % 2 = 1", "klaviyo/person": "hash(id) % 2 = 1"}
    even = {"shopify/order": "id % 2 = 0", "klaviyo/person": "hash(id) % 2 = 0"}
    home.land(part_of(files, "odd", odd, "order by hash(_fivetran_synced, 7)"))
    home.land(part_of(files, "even", even, "order by hash(_fivetran_synced, 3)"))
    home.build(full_refresh=True)
    again = home.customers()
    different = sum(again.get(record) != customer for record, customer in first.items())
    return passed(
        again == first, f"{different} of {len(first):,} records with another id", "none"
    )


def quiet_day(quick: bool) -> Result:
    """Registered, and built again on a day on which nothing landed."""
    home = _first_day(quick)
    before = home.customers(), home.identifiers()
    home.register()
    home.build()
    after = home.customers(), home.identifiers()
    changed = sum(after[0].get(record) != customer for record, customer in before[0].items())
    ok = after == before
    return passed(ok, f"{changed} of {len(before[0]):,} records with another id", "none")


def later_orders(quick: bool) -> Result:
    """The oldest fifth of all orders lands after the ids of the rest were published."""
    files = brand(QUICK_PERSONS if quick else PERSONS, 12, SEED)
    oldest = _OLDEST.format(files=files)
    home = Home("later")
    home.land(part_of(files, "without-oldest", {"shopify/order": f"not ({oldest})"}))
    home.build()
    home.register()
    before = home.customers()
    home.land(part_of(files, "oldest", {"shopify/order": oldest}), ("shopify/order",))
    home.build()
    after = home.customers()
    joined = dict(
        home.rows("select old_customer_id, customer_id from identity.customer_id_history")
    )
    silent = sum(
        after[record] != joined.get(customer, customer) for record, customer in before.items()
    )
    lost = len(set(before.values()) - set(after.values()) - set(joined))
    return passed(
        silent == 0 and lost == 0,
        f"{silent} of {len(before):,} records changed id, {lost} ids lost; "
        f"{len(after) - len(before):,} rows came later, {len(joined)} of "
        f"{len(set(before.values())):,} ids were joined to another by them, told in the history",
        "none, but for customers that the new rows prove to be one",
    )


def erased_seeds(quick: bool) -> Result:
    """The seed rows of many customers are deleted at the source."""
    files = brand(QUICK_PERSONS if quick else PERSONS, 12, SEED)
    home = _first_day(quick)
    home.register()
    home.build()
    before = home.customers()
    seeds = home.rows(
        "select source_table, source_row_id, source_relation || '|' || source_table || '|'"
        " || source_row_id from identity.customer_seeds"
        " where cluster_size > 1 and source_table in ('shopify.customer', 'shopify.order')"
        " order by customer_id limit 200"
    )
    folder = scratch() / "erased"
    for table in ("customer", "order"):
        ids = ", ".join(row[1] for row in seeds if row[0] == f"shopify.{table}") or "-1"
        part = part_of(files, f"erased-{table}", {f"shopify/{table}": f"id in ({ids})"})
        _mark_deleted(
            str(part / "shopify" / f"{table}.parquet"),
            str(folder / "shopify" / f"{table}.parquet"),
        )
    home.land(folder, ("shopify/customer", "shopify/order"))
    home.build()
    after = home.customers()
    gone = {row[2] for row in seeds}
    kept = {record: customer for record, customer in before.items() if record not in gone}
    joined = {row[0] for row in home.rows(
        "select old_customer_id from identity.customer_id_history")}  # fmt: skip
    ids_of_erased = {before[record] for record in gone}
    lost = ids_of_erased - set(after.values())
    changed = sum(
        after.get(record) != customer for record, customer in kept.items() if customer in lost
    )
    return passed(
        not lost and not joined and not gone & set(after),
        f"{len(lost)} of {len(ids_of_erased)} ids whose seed row went were lost, "
        f"{changed} records changed id",
        "none",
    )


def _mark_deleted(source: str, target: str) -> None:
    """The same rows as a loader writes them once the source has deleted them."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    rows = duckdb.read_parquet(source)
    kept = ", ".join(f'"{name}"' for name in rows.columns if not name.startswith("_fivetran_"))
    duckdb.execute(
        f"copy (select {kept}, true as _fivetran_deleted,"
        f" _fivetran_synced + interval 1 hour as _fivetran_synced"
        f" from read_parquet('{source}')) to '{target}' (format parquet)"
    )


def by_hand(quick: bool) -> Result:
    """Customers linked by hand, then taken apart again."""
    home = Home("by-hand")
    home.land(brand(QUICK_PERSONS if quick else PERSONS, 12, SEED))
    home.build()
    home.register()
    before = home.customers()
    seeds = [
        row[0]
        for row in home.rows(
            "select source_relation || '|' || source_table || '|' || source_row_id"
            " from identity.customer_seeds where cluster_size between 2 and 5 order by customer_id"
        )
    ]
    drawn = random.Random(SEED).sample(seeds, 2 * PAIRS)
    pairs = list(zip(drawn[::2], drawn[1::2], strict=True))
    home.instruct("link", pairs)
    home.build()
    home.register()
    linked = home.customers()
    joined = sum(linked[left] == linked[right] for left, right in pairs)
    retired = len(set(before.values()) - set(linked.values()))
    home.instruct("unlink", pairs)
    home.build()
    home.register()
    after = home.customers()
    history = home.rows(
        "select old_customer_id, customer_id, reason, valid_from, valid_to"
        " from identity.customer_id_history order by old_customer_id, valid_from"
    )
    told = sum(row[1] != row[0] and row[4] is not None for row in history)
    back = sum(row[1] == row[0] for row in history)
    restored = sum(after[record] == customer for record, customer in before.items())
    return passed(
        joined == retired == told == back == PAIRS
        and after == before
        and partition(after) == partition(before),
        f"{joined} of {PAIRS} pairs joined, {retired} ids stood back, then {restored:,} of "
        f"{len(before):,} records have their old id; history tells {told} merges, {back} splits",
        "all joined, all restored, each told twice",
    )


def past_day(quick: bool) -> Result:
    """A build with ``as_of`` of a past day is the build that was made on it."""
    files = brand(QUICK_PERSONS if quick else PERSONS, 12, SEED)
    home = Home("past")
    moment = "2026-06-30 00:00:00"
    known = {
        "shopify/customer": "created_at", "shopify/order": "processed_at",
        "shopify/abandoned_checkout": "created_at", "klaviyo/person": "created",
        "web/event": "timestamp",
    }  # fmt: skip
    early = {table: f"\"{column}\" <= timestamp '{moment}'" for table, column in known.items()}
    late = {table: f"not ({condition})" for table, condition in early.items()}
    home.land(part_of(files, "early", early))
    home.build(vars={"as_of": moment})
    home.register()
    then = home.identifiers(), home.customers()
    home.land(part_of(files, "late", late))
    home.build()
    home.register()
    now = home.customers()
    moved = sum(now[record] != customer for record, customer in then[1].items())
    home.build(vars={"as_of": moment})
    again = home.identifiers(), home.customers()
    return passed(
        again == then,
        f"{len(then[0]):,} identifiers of that day equal: {again[0] == then[0]}; meanwhile "
        f"{len(now) - len(then[1]):,} records came and {moved} got another id by a merge",
        "equal",
    )


def incremental(quick: bool) -> Result:
    """After days of landing and decisions, the components equal those of a full refresh."""
    home = Home("by-hand")
    components = "select node, component from identity.int_identity_components"
    kept = dict(home.rows(components))
    proof = "select run from identity.int_identity_components_rounds"
    kinds = {row[0] for row in home.rows(proof)}
    home.build(full_refresh=True)
    fresh = dict(home.rows(components))
    return passed(
        kept == fresh and "incremental" in kinds,
        f"{len(fresh):,} records, last run {', '.join(sorted(kinds))}; equal: {kept == fresh}",
        "equal",
    )


def super_node(quick: bool) -> Result:
    """One address on very many guest orders, one phone with very many addresses."""
    count = 2_000 if quick else 100_000
    folder = scratch() / "super-node"
    file = folder / "shopify" / "order.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    files = brand(QUICK_PERSONS if quick else PERSONS, 12, SEED)
    duckdb.execute(f"""
        copy (
            select * replace (
                9000000000 + number as id,
                cast(null as bigint) as customer_id,
                case when number % 2 = 0 then 'reseller@bulk-orders.test'
                    else 'buyer' || number || '@bulk-orders.test' end as email,
                case when number % 2 = 1 then '+1 212 555 0142' end as phone,
                cast(null as varchar) as billing_address_phone,
                cast(null as varchar) as shipping_address_phone,
                processed_at + to_seconds(number) as processed_at
            )
            from (select * from read_parquet('{files}/shopify/order.parquet') limit 1) as one
            cross join (select range as number from range({2 * count})) as numbers
        ) to '{file}' (format parquet)
    """)
    home = Home("super-node")
    home.land(files)
    home.land(folder, ("shopify/order",))
    started = time.monotonic()
    home.build()
    seconds = time.monotonic() - started
    edges, customers = home.rows(
        "select count(*), count(distinct members.customer_id) from identity.int_identity_edges"
        " as edges inner join identity.int_identity_members as members"
        " on edges.left_node = members.node_key"
        " where edges.identifier_value = 'reseller@bulk-orders.test'"
    )[0]
    rounds = home.rows("select max(round) from identity.int_identity_components_rounds")[0][0]
    capped = home.rows(
        "select count(*) from identity.guard_log where guard = 'fan_out_cap' and rule = 'phone'"
    )[0][0]
    return passed(
        edges == count - 1 and customers == 1 and capped >= 1 and rounds <= 20,
        f"{edges:,} links for {count:,} orders of one address, {customers} customer, "
        f"{rounds} rounds, the phone of {count:,} addresses capped, {seconds:.0f} s",
        f"{count - 1:,} links, 1 customer, at most 20 rounds, the phone joins nothing",
    )
