"""An erasure reaches one person: not whoever shares something with her, and not half of her."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.collector.intake import Line
from orchestration.collector.segments import Segments
from orchestration.destinations.base import Receipt
from orchestration.landing import land_directory
from orchestration.ledger import consent_events, erasures
from orchestration.ledger.consent_events import ERASE, ERASE_SHOP, PrivacyRequest
from orchestration.ledger.tables import delivered
from orchestration.rights import erase, requests
from orchestration.rights.person import SeveralPeopleError
from tests.unit.activation.world import SPEC, START
from tests.unit.landing.world import now
from tests.unit.rights.world import ANN, BEA, CAT, FAMILY, Home, email, home_in, phone


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with home_in(tmp_path) as made:
        yield made


def test_whoever_shares_a_phone_with_her_stays_and_may_come_again(home: Home) -> None:
    report = home.erase(email(ANN), phone(FAMILY))
    assert report.is_finished
    assert home.customers() == [2, 3]
    text = (home.settings.inbox_dir / "shopify" / "customer.csv").read_text()
    assert ANN not in text.lower()
    assert BEA in text
    land_directory(home.settings, home.settings.inbox_dir, now=now)
    assert home.customers() == [2, 3]


def test_an_address_that_two_people_have_names_neither(home: Home) -> None:
    with pytest.raises(SeveralPeopleError, match="2 customers"):
        erase.preview(home.settings, home.ledger, {phone(FAMILY)})
    erase.ask_by_hand(home.ledger, {phone(FAMILY)}, home.world.clock)
    assert home.go_on() == []
    assert home.customers() == [1, 2, 3]
    (task,) = requests.stand(home.ledger).tasks
    assert task[1].name == "identify"


def test_a_dry_run_counts_and_changes_nothing(home: Home) -> None:
    links = home.ledger.verify()
    found = erase.preview(home.settings, home.ledger, {email(CAT)})
    assert (found["customer_ids"], found["raw"]) == (1, {"shopify.customer": 1})
    assert home.ledger.verify() == links
    assert home.customers() == [1, 2, 3]


def test_a_webhooks_request_is_worked_on_once(home: Home) -> None:
    asked = PrivacyRequest(
        "shop", "a.shop", "customers/redact", "e", ERASE,
        frozenset({email(CAT), ("shopify_customer_id", "0" * 64)}), {}, START, START,
    )  # fmt: skip
    with home.ledger.transaction() as connection:
        consent_events.record_requests(connection, [asked], START)
    (report,) = home.go_on()
    assert report.is_finished
    assert home.customers() == [1, 2]
    assert home.go_on() == []
    assert requests.stand(home.ledger).requests == ()


def test_a_vendor_that_is_down_keeps_it_open_until_it_answers(home: Home) -> None:
    home.world.sync(home.vendor, {"cus_3": CAT})
    home.vendor.script = [RuntimeError("down")] * 10
    report = home.erase(email(CAT))
    (channel,) = [step for step in report.steps if step.name.startswith("channel")]
    assert not report.is_finished
    assert (channel.state, channel.detail["undecided"]) == ("open", 1)
    assert home.customers() == [1, 2], "what is ours does not wait for a vendor"
    home.vendor.script = []
    (report,) = home.go_on()
    assert report.is_finished
    assert home.vendor.members == set()
    assert home.world.rows(delivered) == []
    assert home.ledger.verify()


def test_what_no_call_can_erase_is_a_task_and_no_proof(home: Home) -> None:
    events = replace(SPEC, model="sync_events", object="conversions/shop", kind="event")
    home.world.sync(home.vendor, {"order-1": CAT}, events)
    report = home.erase(email(CAT))
    states = {step.name: (step.state, step.detail) for step in report.steps}
    assert states["tasks"] == ("task", {"objects": ["meta/conversions/shop"]})
    assert states["channel meta"][0] == "task"
    assert home.world.rows(delivered) == [], "we keep nothing of it"
    requests.tell(home.ledger, report.request_sequence, "channel meta", START)
    with home.ledger.read() as reader:
        told = {one.name: one for one in erasures.steps(reader, report.request_sequence)}
    assert told["channel meta"].detail == {"by_hand": True}


def test_a_shop_that_leaves_is_a_persons_task_with_a_term(home: Home) -> None:
    leaving = PrivacyRequest(
        "shopify", "one.myshopify.com", "shop/redact", "r1", ERASE_SHOP, frozenset(),
        {"shop_id": "1"}, START, START,
    )  # fmt: skip
    with home.ledger.transaction() as connection:
        consent_events.record_requests(connection, [leaving], START)
        assert erasures.is_any_due(connection)
    assert home.go_on() == []
    stand = requests.stand(home.ledger)
    ((sequence, step),) = stand.tasks
    assert (step.name, stand.requests[0].answer_by) == (
        "shop data", START.date() + timedelta(days=30)
    )
    with home.ledger.read() as reader:
        assert not erasures.is_any_due(reader)
    requests.tell(home.ledger, sequence, step.name, START)
    assert requests.stand(home.ledger).tasks == ()


def test_a_refusal_is_a_task(home: Home) -> None:
    home.world.sync(home.vendor, {"cus_3": CAT})
    home.vendor.script = [lambda row: Receipt(row.key, "rejected", reason="no")]
    report = home.erase(email(CAT))
    (channel,) = [step for step in report.steps if step.name.startswith("channel")]
    assert channel.state == "task"
    assert channel.detail["receipts"] == {"custom_audience/vip remove rejected": 1}


def test_segments_lose_her_also_while_they_are_written(home: Home) -> None:
    segments = Segments(home.settings.segments_dir, lambda: 0.0)
    documents = [
        {"id": 1, "email": CAT.upper(), "total_price": "5.00"}, {"id": 2, "email": f"x{CAT}"},
        {"id": 3, "customer": {"id": 3}, "shipping_address": {"zip": "1", "country_code": "US"}},
    ]  # fmt: skip
    for document in documents:
        segments.append([Line("orders", str(document["id"]), {"order": document})])
    events = [{"shop_customer_id": "3"}, {"shop_customer_id": "4", "page_url": f"/?e={CAT}"},
              {"shop_customer_id": "4"}]  # fmt: skip
    for number, one in enumerate(events):
        segments.append([Line("events", f"e{number}", {"event_id": str(number), "event": one})])
    assert home.erase(email(CAT)).is_finished
    segments.append([Line("orders", "9", {"order": {"id": 9}})])
    segments.close()
    left = {
        file.name: [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
        for file in home.settings.segments_dir.iterdir()
    }
    assert left == {
        "events-000000001.jsonl": [{"event_id": "2", "event": {"shop_customer_id": "4"}}],
        "orders-000000001.jsonl": [
            {"order": {"id": 1, "total_price": "5.00"}}, {"order": documents[1]},
            {"order": {"id": 3, "shipping_address": {"country_code": "US"}}},
            {"order": {"id": 9}},
        ],
    }  # fmt: skip


def test_a_compressed_file_keeps_its_form(home: Home) -> None:
    file = home.settings.inbox_dir / "shopify" / "customer.csv"
    packed = file.with_name("customer.csv.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    home.erase(email(CAT))
    text = gzip.decompress(packed.read_bytes()).decode()
    assert CAT not in text
    assert text.splitlines()[0].startswith("id,email,phone")


def test_plans_with_her_are_taken_back(home: Home) -> None:
    home.world.desire({"cus_3": CAT, "cus_2": BEA})
    made = home.world.plan()
    home.world.approve(made.plan_hash)
    home.erase(email(CAT))
    assert home.ledger.plan(made.plan_hash).state == "superseded"
    assert not made.file.exists()
    home.world.desire({"cus_2": BEA})
    assert home.world.plan().facts is not None, "the next plan is made without her"


def test_the_warehouse_keeps_its_views_and_rows(home: Home) -> None:
    with duckdb.connect(str(home.settings.warehouse)) as connection:
        connection.execute("create view ids as select id from raw_shopify.customer")
    home.erase(email(CAT))
    with duckdb.connect(str(home.settings.warehouse)) as connection:
        assert connection.execute("select count(*) from ids").fetchone() == (2,)
