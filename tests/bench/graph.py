"""The graph of the benchmark: shaped like the identities of an e-commerce brand.

What lives here: numpy that draws edges with a fixed seed, and `python -m tests.bench.graph`, which
writes them into a DuckDB file.
What never does: connected components.

A customer is a tree of 2 to 40 records and identifiers with a few more links inside. Identifiers
that many people use (an office, a reseller, a shared tablet; what is left after the cap on fan-out)
touch 20 to 2000 customers, and now and then one of another such group. Ids look like hashes.
"""

from __future__ import annotations

import sys

import duckdb
import numpy as np
import pyarrow as pa

SEED = 20261126
CUSTOMERS, INNER, SHARED = 0.318, 0.40, 0.04  # of the edges
MEAN_EXTRA_NODES, MOST_NODES = 2.2, 40
LEAST_TOUCHED, MOST_TOUCHED = 20, 2000
STRAY = 0.0005  # links of a shared identifier into another one's group
Integers = np.ndarray[tuple[int], np.dtype[np.int64]]


def edges(size: int, seed: int = SEED) -> tuple[Integers, Integers]:
    """Both ends of about `size` edges."""
    draw = np.random.default_rng(seed)
    customers = int(size * CUSTOMERS)
    nodes = np.minimum(1 + draw.geometric(1 / MEAN_EXTRA_NODES, customers), MOST_NODES)
    first = np.concatenate([[0], np.cumsum(nodes)[:-1]])

    def any_node_of(customer: Integers) -> Integers:
        return first[customer] + (draw.random(len(customer)) * nodes[customer]).astype(np.int64)

    place = np.arange(nodes.sum()) - np.repeat(first, nodes)
    child = np.flatnonzero(place > 0)
    parent = child - place[child] + (draw.random(len(child)) * place[child]).astype(np.int64)
    inner = draw.integers(0, customers, int(size * INNER))
    left, right = any_node_of(inner), any_node_of(inner)
    different = left != right

    degrees = _degrees(draw, int(size * SHARED))
    touched = draw.permutation(customers)[: degrees.sum()]
    degrees = np.repeat(np.arange(len(degrees)), degrees)[: len(touched)]
    stray = draw.random(len(touched)) < STRAY
    touched = np.where(stray, draw.choice(touched, len(touched)), touched)
    lefts = np.concatenate([parent, left[different], nodes.sum() + degrees])
    rights = np.concatenate([child, right[different], any_node_of(touched)])
    return _shuffled(draw, lefts, rights, size)


def _degrees(draw: np.random.Generator, total: int) -> Integers:
    logs = draw.uniform(np.log(LEAST_TOUCHED), np.log(MOST_TOUCHED), total // LEAST_TOUCHED + 1)
    degrees = np.exp(logs).astype(np.int64)
    return degrees[: int(np.searchsorted(np.cumsum(degrees), total)) + 1]


def _shuffled(
    draw: np.random.Generator, left: Integers, right: Integers, size: int
) -> tuple[Integers, Integers]:
    order = draw.permutation(len(left))[:size]
    left, right = left[order], right[order]
    swap = draw.random(len(left)) < 0.5
    return _hashed(np.where(swap, right, left)), _hashed(np.where(swap, left, right))


def _hashed(numbers: Integers) -> Integers:
    """The finaliser of splitmix64: a bijection, so that ids stay different."""
    mixed = (numbers + 1).astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


def write(path: str, size: int) -> None:
    """Tables edges (number, left_node, right_node) and text_edges, one per cent of each as new_…,
    and the nodes that Splink asks for. Rows are in random order, so any range of numbers is a
    random sample."""
    left, right = edges(size)
    drawn = pa.table({"number": np.arange(len(left)), "left_node": left, "right_node": right})
    with duckdb.connect(path) as connection:
        connection.register("drawn", drawn)
        connection.execute("create table edges as select * from drawn")
        connection.execute(
            "create table nodes as select left_node as node from edges union"
            " select right_node from edges"
        )
        name = "'shop|orders|' || printf('%016x', {0}) as {0}"
        connection.execute(
            f"create table text_edges as select number, {name.format('left_node')},"
            f" {name.format('right_node')} from edges"
        )
        for table in ("edges", "text_edges"):
            connection.execute(
                f"create table new_{table} as select * from {table} where number % 100 = 0"
            )


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
