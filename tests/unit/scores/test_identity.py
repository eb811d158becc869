"""The scorer counts pairs, clusters and coverage as defined."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from orchestration.scores.identity import (
    IdentityScore,
    TruthMissingError,
    score_identity,
    score_resolved,
)
from orchestration.settings import Settings

Record = tuple[str, str, str | None, str | None]  # source_table, key, person, customer
UNLINKABLE = ("till",)


def score(records: Sequence[Record]) -> IdentityScore:
    with duckdb.connect() as connection:
        connection.execute(
            "create temp table resolved (source_table varchar, record_key varchar,"
            " person_id varchar, customer_id varchar, is_linkable boolean)"
        )
        for record in records:
            row = [*record, record[1] not in UNLINKABLE]
            connection.execute("insert into resolved values (?, ?, ?, ?, ?)", row)
        return score_resolved(connection)


# Truth {a b c} {d e} {f}, predicted {a b} {c d e} {f}.
EXAMPLE: list[Record] = [
    ("shopify.order", "a", "p1", "c1"),
    ("shopify.order", "b", "p1", "c1"),
    ("shopify.customer", "c", "p1", "c2"),
    ("klaviyo.person", "d", "p2", "c2"),
    ("shopify.order", "e", "p2", "c2"),
    ("shopify.order", "f", "p3", "c3"),
]


def test_the_worked_example() -> None:
    result = score(EXAMPLE)
    assert (result.correct_pairs, result.predicted_pairs, result.true_pairs) == (
        2,
        4,
        4,
    )
    assert (result.precision, result.recall, result.f1) == (0.5, 0.5, 0.5)
    assert result.over_merge_rate == pytest.approx(1 / 3)
    assert result.under_merge_rate == pytest.approx(1 / 3)
    assert result.exact_cluster_rate == pytest.approx(1 / 3)
    assert (result.true_persons, result.customers) == (3, 3)


def test_a_record_without_a_customer_costs_recall_and_coverage() -> None:
    result = score([*EXAMPLE[:2], ("shopify.order", "till", "p1", None)])
    assert result.precision == 1.0
    assert result.recall == pytest.approx(1 / 3)
    assert result.linkable_recall == 1.0
    assert result.order_coverage == pytest.approx(2 / 3)
    assert result.customers == 1


def test_linkable_recall_asks_only_for_records_with_an_identifier() -> None:
    result = score([*EXAMPLE, ("shopify.order", "till", "p1", None)])
    assert result.recall == pytest.approx(2 / 7)
    assert result.linkable_recall == score(EXAMPLE).recall == 0.5


def test_records_of_nobody_are_not_scored() -> None:
    nobody: Record = ("shopify.customer", "staff", None, "c1")
    assert score([*EXAMPLE, nobody]) == score(EXAMPLE)


def test_browsers_are_counted_apart_and_shared_ones_not_at_all() -> None:
    devices: list[Record] = [
        ("web.anonymous_id", "own", "p3", "c3"),
        ("web.anonymous_id", "wrong", "p1", "c3"),
        ("web.anonymous_id", "silent", "p2", None),
        ("web.anonymous_id", "shared", "p1", None),
        ("web.anonymous_id", "shared", "p2", None),
    ]
    result, alone = score([*EXAMPLE, *devices]), score(EXAMPLE)
    assert result.known_device_rate == pytest.approx(2 / 3)
    assert result.device_precision == pytest.approx(1 / 2)
    assert alone.known_device_rate is None
    assert dataclasses.replace(result, known_device_rate=None, device_precision=None) == alone


def test_nothing_to_score_gives_no_ratio() -> None:
    result = score([])
    assert result.records == 0
    assert result.precision is None
    assert result.over_merge_rate is None


@pytest.mark.parametrize("has_flag", [True, False])
def test_the_truth_joins_the_warehouse_on_each_kind_of_record(
    tmp_path: Path, has_flag: bool
) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema identity")
        connection.execute(
            "create table identity.identity_map as select * from (values"
            " ('shopify_customer_id', 'shop', '1', 'c1'), ('shopify_order_id', 'shop', '1', 'c1'),"
            " ('klaviyo_profile_id', 'account', 'P', 'c1'), ('anonymous_id', 'shop', 'D', 'c1'),"
            " ('email', '', '1', 'c2')"
            ") as map (identifier_type, identifier_scope, identifier_value, customer_id)"
        )
        connection.execute(
            "create table identity.int_identity_identifiers as select * from (values"
            " ('email', '', 'a@x.test', 'link'), ('email', '', 'test@x.test', 'placeholder'),"
            " ('shopify_order_id', 'shop', '1', 'link')"
            ") as verdicts (identifier_type, identifier_scope, identifier_value, verdict)"
        )
        connection.execute(
            "create table identity.int_identity_observations as select *, '' as identifier_scope"
            " from (values"
            " ('shop|shopify.customer|1', 'email', 'a@x.test'),"
            " ('shop|shopify.order|1', 'email', 'a@x.test'),"
            " ('other|shopify.order|1', 'email', 'a@x.test'),"
            " ('account|klaviyo.person|P', 'email', 'test@x.test'),"
            " ('other|shopify.order|1', 'email', 'test@x.test')"
            ") as shown (node_key, identifier_type, identifier_value)"
        )
        connection.execute(
            "copy (select *" + (", true as is_linkable" if has_flag else "") + " from (values"
            " ('shop', 'shopify.customer', '1', 7), ('shop', 'shopify.order', '1', 7),"
            " ('account', 'klaviyo.person', 'P', 7), ('shop', 'web.anonymous_id', 'D', 7),"
            " ('other', 'shopify.order', '1', 7)"
            ") as truth (source_relation, source_table, source_row_id, person_id))"
            f" to '{tmp_path / 'records.parquet'}'"
        )
    result = score_identity(settings, tmp_path)
    assert (result.correct_pairs, result.true_pairs) == (3, 6)
    assert (result.linkable_recall, result.order_coverage) == (0.5, 0.5)
    assert result.sharing_recall == pytest.approx(1 / 3)
    assert (result.known_device_rate, result.device_precision) == (1.0, 1.0)


def test_a_missing_truth_says_what_to_give(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    with pytest.raises(TruthMissingError, match=r"records\.parquet does not exist"):
        score_identity(settings, tmp_path)
