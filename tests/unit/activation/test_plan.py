"""Plans: desired minus delivered, sealed; one open plan per object; errors are never emptiness."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.activation.errors import PlanError
from orchestration.activation.plan import make_plans
from orchestration.activation.preview import key_digest
from orchestration.errors import UnknownNameError
from tests.unit.activation.world import SPEC, Vendor, World, sha, world_in

TWO = {"b": "b@example.test", "a": "a@example.test"}


def test_a_plan_holds_the_difference_in_one_order(world: World, vendor: Vendor) -> None:
    world.sync(vendor, {"a": "a@example.test", "b": "b@example.test", "c": "c@example.test"})
    world.desire({"a": "a@example.test", "b": "new@example.test", "d": "d@example.test"})
    made = world.plan()
    rows = pq.read_table(made.file).to_pylist()
    assert [(row["operation"], row["key"]) for row in rows] == [
        ("add", "d"),
        ("update", "b"),
        ("remove", "c"),
    ]
    assert rows[1]["prior_payload_json"] == f'{{"email_sha256":"{sha("b@example.test")}"}}'
    assert rows[2]["payload_json"] == f'{{"email_sha256":"{sha("c@example.test")}"}}'
    counts = made.seal
    assert (counts.add_count, counts.update_count, counts.remove_count) == (1, 1, 1)
    assert (counts.desired_count, counts.delivered_count) == (3, 3)


def test_equal_content_in_any_order_has_one_hash(tmp_path: Path) -> None:
    hashes = set()
    for number in range(3):
        with world_in(tmp_path / str(number)) as world:
            emails = list({f"c{n}": f"{n}@example.test" for n in range(50)}.items())
            random.Random(number).shuffle(emails)
            world.desire(dict(emails))
            hashes.add(world.plan().plan_hash)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"destinations": "account"},
        {"purpose": "marketing"},
        {"kind": "profile"},
        {"object": "custom_audience/other"},
        {"rows": "other"},
    ],
)
def test_the_hash_covers_rows_spec_and_destination(
    world: World, change: dict[str, str]
) -> None:
    world.desire(TWO)
    before = world.plan().plan_hash
    spec, settings = SPEC, world.settings
    if "rows" in change:
        world.desire({**TWO, "a": "other@example.test"})
    elif "destinations" in change:
        account = replace(settings.destinations["meta"], account_id="other")
        settings = replace(settings, destinations={**settings.destinations, "meta": account})
    else:
        spec = replace(spec, **change)
    after = make_plans(settings, world.ledger, [spec], now=world.clock)[0]
    assert after.plan_hash != before


def test_equal_content_keeps_the_open_plan_and_another_supersedes_it(world: World) -> None:
    world.desire(TWO)
    first = world.plan()
    world.clock.sleep(60)
    assert world.plan().plan_hash == first.plan_hash
    assert len(world.ledger.plans()) == 1
    world.desire({**TWO, "c": "c@example.test"})
    second = world.plan()
    assert world.ledger.plan(first.plan_hash).state == "superseded"
    assert not first.file.exists(), "rows that nobody can approve are gone"
    world.desire(TWO)
    again = world.plan()
    assert (again.plan_hash, again.state) == (first.plan_hash, "open")
    assert again.file.exists()
    assert world.ledger.plan(second.plan_hash).state == "superseded"


def test_an_approved_plan_is_kept_until_its_approval_expires(world: World) -> None:
    world.desire(TWO)
    first = world.plan()
    world.approve(first.plan_hash)
    world.desire({**TWO, "c": "c@example.test"})
    assert world.plan().plan_hash == first.plan_hash
    world.clock.sleep(24 * 3600)
    assert world.plan().state == "open"
    assert world.ledger.plan(first.plan_hash).state == "superseded"


def test_an_empty_plan_says_why(world: World, vendor: Vendor) -> None:
    world.desire({})
    made = world.plan()
    assert (made.state, made.reason) == ("nothing_to_do", "no reachable customers")
    world.sync(vendor, TWO)
    made = world.plan()
    assert (made.state, made.reason) == ("nothing_to_do", "already delivered")
    assert world.plan().plan_hash == made.plan_hash


def test_an_empty_source_halts_and_nothing_is_removed(world: World, vendor: Vendor) -> None:
    world.sync(vendor, TWO)
    world.desire({})
    made = world.plan()
    assert made.state == "halted"
    assert "2 rows are delivered" in str(made.reason)
    assert len(vendor.members) == 2


def test_a_shrink_halts_but_opt_outs_do_not_count(world: World, vendor: Vendor) -> None:
    emails = {f"c{n:03}": f"p{n}@example.test" for n in range(400)}
    world.sync(vendor, emails)
    world.desire(dict(list(emails.items())[51:]))
    assert world.plan().state == "halted"
    world.suppress("customer_id", "c000")
    assert world.plan().state == "open"
    world.desire(dict(list(emails.items())[52:]))
    assert world.plan().state == "halted"
    world.suppress("email_sha256", sha("p1@example.test"))
    assert world.plan().state == "open"
    world.suppress("customer_id", "c002", channel="email", purpose="marketing")
    world.desire(dict(list(emails.items())[53:]))
    assert world.plan().state == "halted", "another channel's opt-out explains nothing here"


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([("a", "1", "h"), ("a", "2", "h")], key_digest("a")),
        ([(None, "1", "h")], "1 rows with a null customer_id"),
        ([("a", "1", None)], "null customer_id or row_hash"),
    ],
)
def test_bad_keys_are_refused_by_model_without_the_key(
    world: World, rows: list[tuple[str | None, ...]], named: str
) -> None:
    world.build(SPEC, ["customer_id", "email_sha256", "row_hash"], rows)
    with pytest.raises(PlanError, match=named) as caught:
        world.plan()
    assert f"activation.{SPEC.model}" in caught.value.what
    assert world.ledger.plans() == []


def test_no_more_than_five_equal_keys_are_named(world: World) -> None:
    rows = [(f"k{n}", "1", "h") for n in range(9)] * 2
    world.build(SPEC, ["customer_id", "email_sha256", "row_hash"], rows)
    with pytest.raises(PlanError) as caught:
        world.plan()
    assert sum(key_digest(f"k{n}") in caught.value.what for n in range(9)) == 5


def test_a_missing_table_is_an_error_and_the_other_specs_are_planned(
    world: World, vendor: Vendor
) -> None:
    world.sync(vendor, TWO)
    world.desire({**TWO, "c": "c@example.test"})
    missing = replace(SPEC, model="sync_not_built", object="custom_audience/other")
    with pytest.raises(PlanError, match="sync_not_built"):
        make_plans(world.settings, world.ledger, [missing, SPEC], now=world.clock)
    assert [plan.object for plan in world.ledger.plans(("open",))] == [SPEC.object]


def test_an_unknown_destination_is_named_with_the_known_ones(world: World) -> None:
    with pytest.raises(UnknownNameError, match="klaviyo"):
        world.plan(replace(SPEC, destination="pigeon"))


def test_samples_show_no_value(world: World) -> None:
    world.desire(TWO, city_sha256=None)
    samples = world.plan().samples
    assert {sample.key_digest for sample in samples} == {key_digest("a"), key_digest("b")}
    assert {sample.filled_fields for sample in samples} == {("email_sha256",)}


def test_rows_are_private(world: World) -> None:
    world.desire(TWO)
    assert world.plan().file.stat().st_mode & 0o077 == 0
    assert [file.name for file in world.settings.plans_dir.iterdir()] == [
        f"{world.plan().plan_hash}.parquet"
    ]
