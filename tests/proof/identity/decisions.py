"""Claims about what people decide and what consent makes of it, over the command line.

What lives here: whole days of a small brand with links and their undoing in between.
What never does: a figure of accuracy.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import duckdb

from tests.proof.harness import Result, passed
from tests.proof.identity.golden import golden_record
from tests.proof.identity.world import brand, scratch
from tests.support import succeed, tributary

PERSONS, SEED, PAIRS = 1_500, 421, 6
_WAITS = 2

# One of each pair said no to mail, the other yes; the no survives the merge in every other pair.
_CANDIDATES = """
select customers.customer_id,
    seeds.source_relation || '|' || seeds.source_table || '|' || seeds.source_row_id as record_key,
    customers.email_marketing_state
from customer.dim_customers as customers
inner join identity.customer_seeds as seeds using (customer_id)
where customers.email_marketing_state in ('opted_in', 'opted_out')
    and customers.household_member_count = 1 and customers.first_ordered_at is not null
    and not customers.is_deletion_requested and seeds.source_table <> 'shopify.order'
order by seeds.first_ordered_at, customers.customer_id
"""


@functools.lru_cache(maxsize=1)
def home() -> Path:
    """A home after its first day."""
    directory = scratch() / "decisions"
    files = brand(PERSONS, 12, SEED)
    _run(directory, str(files))
    return directory


def opted_out_after_a_split(quick: bool) -> Result:
    """Merge a yes with a no, run, take them apart, run: who may be written to?"""
    pairs = _pairs()
    for said_yes, said_no in pairs:
        succeed(tributary(home(), "identity", "link", said_yes[1], said_no[1], "--reason", "proof"))
    _run(home())
    merged = _states()
    survivors = {customer for pair in pairs for customer, _ in pair if customer in merged}
    silent_merged = sum(merged[customer] == ("opted_out", True) for customer in survivors)
    for said_yes, said_no in pairs:
        succeed(
            tributary(home(), "identity", "unlink", said_yes[1], said_no[1], "--reason", "proof")
        )
    _run(home())
    parted = _states()
    both = [customer for pair in pairs for customer, _ in pair]
    silent = sum(parted.get(customer) == ("opted_out", True) for customer in both)
    kept_yes = sum(said_yes[0] in survivors for said_yes, _ in pairs)
    return passed(
        len(survivors) == silent_merged == len(pairs) and silent == len(both),
        f"{silent_merged} of {len(pairs)} merged customers opted out ({kept_yes} of them under the"
        f" id that had said yes); after the split {silent} of {len(both)} ids back, opted out",
        "all",
    )


def golden(quick: bool) -> Result:
    """Contact and name that survived, and households, beside the true persons."""
    truth = brand(PERSONS, 12, SEED) / "truth"
    return golden_record(lambda _: (home() / "warehouse.duckdb", truth))(quick)


def explained(quick: bool) -> Result:
    """Both ends of every customer of several records are explained, and why pairs are two."""
    rows = _rows("""
        select min(node_key), max(node_key), customer_id from identity.int_identity_members
        group by customer_id having count(*) > 3 order by customer_id limit 10
    """)
    paths = sum(
        _verdict(left, right) == "one_customer" and bool(_explain(left, right)["steps"])
        for left, right, _ in rows
    )
    others = list(zip(rows[::2], rows[1::2], strict=False))
    apart = sum(_verdict(one[0], other[0]) == "different_customers" for one, other in others)
    return passed(
        paths == len(rows) and apart == len(others),
        f"{paths} of {len(rows)} customers with a path of evidence, {apart} of {len(others)} pairs"
        " told apart",
        "all",
    )


def _verdict(left: str, right: str) -> str:
    return str(_explain(left, right)["verdict"])


@functools.lru_cache(maxsize=64)
def _explain(left: str, right: str) -> dict[str, Any]:
    said = succeed(tributary(home(), "explain", "identity", left, right, "--json"))
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


def _pairs() -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """(yes, no) by turns with the yes and the no as the older customer, who survives."""
    found = _rows(_CANDIDATES)
    yes = [(row[0], row[1]) for row in found if row[2] == "opted_in"]
    no = [(row[0], row[1]) for row in found if row[2] == "opted_out"]
    half = PAIRS // 2
    older_yes = list(zip(yes[:half], no[-half:], strict=True))
    older_no = list(zip(yes[-half:], no[:half], strict=True))
    return older_yes + older_no


def _states() -> dict[str, tuple[str, bool]]:
    rows = _rows(
        "select customer_id, email_marketing_state, is_email_suppressed from customer.dim_customers"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home() / "warehouse.duckdb"), read_only=True) as connection:
        return list(connection.execute(query).fetchall())


def _run(directory: Path, *arguments: str) -> None:
    result = tributary(directory, "run", *arguments)
    if result.returncode not in (0, _WAITS):
        succeed(result)
