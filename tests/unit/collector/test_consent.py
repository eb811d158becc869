"""What each source says about consent: once, by its own time, and nothing by silence."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.activation.world import START
from tests.unit.collector.world import (
    EMAIL,
    EMAIL_TOPIC,
    EVENTS,
    JANE,
    READ,
    SHOP,
    WRITE,
    Gate,
    bearer,
    digest,
    email_consent,
    gate_in,
    shopify_headers,
)

PHONE = ("phone_sha256", digest("+12125550123"))
SMS = ("sms", "marketing")


def test_an_opt_out_is_recorded_and_set_off_with_its_address(gate: Gate) -> None:
    assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed")) == 200
    (event,) = gate.events()
    assert (event.source, event.scope, event.topic) == ("shopify", SHOP, EMAIL_TOPIC)
    assert (event.event_id, event.state) == ("e1#email/marketing", "opted_out")
    assert event.consented_at == START - timedelta(hours=1)
    assert "jane" not in event.subjects_json
    (call,) = gate.opt_outs.calls
    assert call["scopes"] == [EMAIL]
    assert call["subjects"] == {JANE}, "what no gate looks for is recorded only"
    assert {kind for kind, _ in json.loads(event.subjects_json)} == {
        "email_sha256", "shopify_customer_id",
    }  # fmt: skip
    assert call["addresses"] == {JANE[1]: "jane@example.com"}
    assert call["suppressed_at"] == event.consented_at
    assert gate.ledger.verify() == 2


def test_who_a_build_has_published_is_opted_out_by_her_record_alone(gate: Gate) -> None:
    row = {"source_relation": "any", "source_table": "shopify.customer", "source_row_id": "191167"}
    gate.ledger.register_customer_ids([{**row, "customer_id": "cus_1"}])
    gate.ledger.register_customer_anchors([{**row, "customer_id": "cus_2", "anchor_number": 1}])
    gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed", 0, "no address"))
    signal = {**EVENT, "shop_customer_id": 191167}
    gate.keyed("/events", EVENTS, signal, **{"Sec-GPC": "1"})
    gate.shopify("customers/redact", {
        "shop_domain": SHOP, "customer": {"id": 191167}, "orders_to_redact": [],
    })  # fmt: skip
    people = {("customer_id", "cus_1"), ("customer_id", "cus_2")}
    assert [call["subjects"] for call in gate.opt_outs.calls] == [people] * 3
    # Whatever is sold is shared.
    assert [call["scopes"] for call in gate.opt_outs.calls] == [
        [EMAIL], [("ads", "ads_sharing")], [("ads", "ads_sharing")],
    ]  # fmt: skip
    assert ["customer_id", "cus_1"] in json.loads(gate.requests()[0].subjects_json)
    assert shown(gate, "customer_id=cus_2")["opt_out_request_honored"] is True


def test_a_proven_later_opt_in_lifts_and_nothing_else_does(gate: Gate) -> None:
    for number, (state, minutes) in enumerate(
        [("subscribed", None), ("unsubscribed", 2), ("subscribed", 1), ("subscribed", 2)]
    ):
        gate.shopify(EMAIL_TOPIC, email_consent(state, minutes), f"e{number}")
    assert gate.opt_outs.lifts == [], "without proof, older, or at the same time"
    gate.shopify(EMAIL_TOPIC, email_consent("subscribed", 3), "later")
    at = START - timedelta(minutes=57)
    proof = f"{EMAIL_TOPIC} later single_opt_in"
    assert gate.opt_outs.lifts == [({JANE}, EMAIL, at, proof)]


def test_a_yes_to_sharing_does_not_lift_a_no_to_sale(gate: Gate) -> None:
    base = {"customer_id": "cus_1", "channel": "ads"}
    no = {**base, "event_id": "1", "purpose": "sale", "state": "opted_out",
          "consented_at": (START - timedelta(hours=2)).isoformat()}  # fmt: skip
    yes = {**base, "event_id": "2", "purpose": "ads_sharing", "state": "opted_in",
           "consented_at": (START - timedelta(hours=1)).isoformat(), "proof": "form 1"}  # fmt: skip
    assert [gate.keyed("/preferences", WRITE, one) for one in (no, yes)] == [200, 200]
    assert gate.opt_outs.lifts == []
    both = {**yes, "event_id": "3", "purpose": "sale"}
    again = {**yes, "event_id": "4", "consented_at": START.isoformat()}
    assert [gate.keyed("/preferences", WRITE, one) for one in (both, again)] == [200, 200]
    assert [lift[:2] for lift in gate.opt_outs.lifts] == [
        ({("customer_id", "cus_1")}, ("ads", "ads_sharing"))
    ]


def test_an_objection_to_profiling_is_kept_and_stops_no_mail(gate: Gate) -> None:
    choice = {"event_id": "1", "email": "jane@example.com", "channel": "email",
              "purpose": "profiling", "state": "opted_out"}  # fmt: skip
    assert gate.keyed("/preferences", WRITE, choice) == 200
    assert gate.state(JANE) == {("email", "profiling"): "opted_out"}
    assert gate.opt_outs.calls == []


def test_the_same_event_counts_once_whatever_it_says_the_second_time(gate: Gate) -> None:
    for state in ("unsubscribed", "unsubscribed", "subscribed"):
        assert gate.shopify(EMAIL_TOPIC, email_consent(state)) == 200
    assert len(gate.events()) == len(gate.opt_outs.calls) == 1
    without = {"X-Shopify-Event-Id": ""}
    for _ in range(2):
        assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed"), "x", **without) == 200
    assert [row.event_id for row in gate.events()][1:] == ["w-x#email/marketing"]


def test_the_same_webhook_fifty_times_at_once_has_one_effect(gate: Gate) -> None:
    body = json.dumps(email_consent("unsubscribed")).encode()

    async def storm() -> list[int]:
        transport = httpx.ASGITransport(gate.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answers = await asyncio.gather(
                *(
                    client.post(
                        "/webhooks/shopify", content=body,
                        headers=shopify_headers(EMAIL_TOPIC, body),
                    )
                    for _ in range(50)
                )
            )  # fmt: skip
        return [answer.status_code for answer in answers]

    assert asyncio.run(storm()) == [200] * 50
    assert len(gate.events()) == len(gate.opt_outs.calls) == 1


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_consent_times_decide_and_not_arrival(tmp_path: Path, order: tuple[int, ...]) -> None:
    said = [("subscribed", 1), ("unsubscribed", 2), ("subscribed", 3)]
    with gate_in(tmp_path) as gate:
        for place in order:
            gate.shopify(EMAIL_TOPIC, email_consent(*said[place]), f"e{place}")
        assert gate.state(JANE)[EMAIL] == "opted_in"
        # Whoever opted in again before the old word arrived is not put out by it.
        assert len(gate.opt_outs.calls) == (order.index(1) < order.index(2))


def test_an_opt_out_wins_a_tie_whoever_arrives_first(tmp_path: Path) -> None:
    for order in permutations(("subscribed", "unsubscribed")):
        with gate_in(tmp_path / order[0]) as gate:
            for state in order:
                gate.shopify(EMAIL_TOPIC, email_consent(state, 5), state)
            assert gate.state(JANE)[EMAIL] == "opted_out"
            assert len(gate.opt_outs.calls) == 1


def test_an_opt_in_needs_its_own_time_and_none_to_come(gate: Gate) -> None:
    gate.shopify(EMAIL_TOPIC, email_consent("subscribed", None), "1")
    assert gate.state(JANE) == {}
    gate.shopify(EMAIL_TOPIC, email_consent("subscribed", 60 * 24 * 365), "2")
    assert gate.state(JANE) == {EMAIL: "opted_in"}
    gate.pass_by(1)
    gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed", None), "3")
    assert gate.state(JANE) == {EMAIL: "opted_out"}, "a time to come is the time of receipt"


@pytest.mark.parametrize("state", ["not_subscribed", "pending", "invalid", "", "SOMETHING"])
def test_states_that_are_no_word_say_nothing(gate: Gate, state: str) -> None:
    assert gate.shopify(EMAIL_TOPIC, email_consent(state)) == 200
    assert gate.events() == []


def test_a_customer_says_what_her_fields_say_and_nothing_without_them(gate: Gate) -> None:
    customer = {"id": 1, "email": "jane@example.com", "phone": "+1 212 555 0123",
                "updated_at": START.isoformat()}  # fmt: skip
    for verb in ("create", "update", "delete"):
        assert gate.shopify(f"customers/{verb}", customer, verb) == 200
    assert gate.events() == []
    both = {
        "email_marketing_consent": {"state": "unsubscribed"},
        "sms_marketing_consent": {"state": "unsubscribed"},
    }
    assert gate.shopify("customers/update", {**customer, **both}, "both") == 200
    assert gate.state(JANE) == {EMAIL: "opted_out", SMS: "opted_out"}
    assert gate.state(PHONE) == gate.state(JANE)
    (scope,) = {tuple(sorted(call["addresses"].values())) for call in gate.opt_outs.calls}
    assert scope == ("+12125550123", "jane@example.com")


def test_texts_have_their_own_topic_and_form(gate: Gate) -> None:
    document = {
        "customer_id": 5, "phone": "+12125550123",
        "sms_marketing_consent": {
            "state": "unsubscribed", "consent_updated_at": START.isoformat(),
        },
    }  # fmt: skip
    topic = "customers/marketing_consent_update"
    assert gate.shopify(topic, document) == 200
    assert gate.state(PHONE) == {SMS: "opted_out"}
    assert gate.shopify(topic, email_consent("subscribed"), "2") == 400
    assert gate.shopify(EMAIL_TOPIC, document, "3") == 400


def test_privacy_requests_are_recorded_once_and_cannot_be_turned(gate: Gate) -> None:
    base = {"shop_id": 9, "shop_domain": SHOP}
    customer = {"customer": {"id": 191167, "email": "jane@example.com", "phone": "555"}}
    access = {**base, **customer, "orders_requested": [1, 2], "data_request": {"id": 77}}
    redact = {**base, **customer, "orders_to_redact": [3]}
    for topic, document in (
        ("customers/data_request", access), ("customers/redact", redact), ("shop/redact", base),
    ):  # fmt: skip
        assert gate.shopify(topic, document, topic) == 200
        assert gate.shopify(topic, document, topic) == 200
    rows = gate.requests()
    assert [row.kind for row in rows] == ["access", "erase", "erase_shop"]
    assert json.loads(rows[0].detail_json) == {"orders": ["1", "2"], "request_id": "77"}
    assert json.loads(rows[1].detail_json) == {"orders": ["3"]}
    assert list(JANE) in json.loads(rows[1].subjects_json)
    assert "jane" not in str(rows)
    assert gate.shopify("customers/redact", access, "turned") == 400
    assert gate.shopify("shop/redact", redact, "turned") == 400
    elsewhere = {"X-Shopify-Shop-Domain": "other.myshopify.com"}
    assert gate.shopify("shop/redact", base, "turned", **elsewhere) == 400
    assert len(gate.requests()) == 3


def klaviyo_entry(topic: str, event_id: str, **profile: str) -> dict[str, Any]:
    return {
        "external_id": event_id,
        "topic": f"event:klaviyo.{topic}",
        "payload": {
            "data": {
                "type": "event",
                "attributes": {"datetime": (START - timedelta(minutes=5)).isoformat()},
                "relationships": {"profile": {"data": {"type": "profile", "id": "p1"}}},
            },
            "included": [{"type": "profile", "id": "p1", "attributes": profile}],
        },
    }


def test_a_delivery_of_several_unsubscribes_is_stored_together(gate: Gate) -> None:
    entries = [
        klaviyo_entry("unsubscribed_from_email_marketing", "a", email="jane@example.com"),
        klaviyo_entry("unsubscribed_from_sms_marketing", "b", phone_number="+12125550123"),
        klaviyo_entry("opened_email", "c", email="jane@example.com"),
        klaviyo_entry("subscribed_to_email_marketing", "d", email="new@example.com"),
    ]
    document = {"meta": {"klaviyo_account_id": "acc"}, "data": entries}
    assert gate.klaviyo(document) == gate.klaviyo(document, age=10) == 200
    assert [row.event_id.split("#")[0] for row in gate.events()] == ["a", "b", "d"]
    assert gate.state(JANE) == {EMAIL: "opted_out"}
    assert gate.state(PHONE) == {SMS: "opted_out"}
    assert gate.state(("email_sha256", digest("new@example.com"))) == {EMAIL: "opted_in"}
    assert len(gate.opt_outs.calls) == 2
    only_opened = {**document, "data": entries[2:3]}
    assert gate.klaviyo(only_opened) == 202
    assert gate.klaviyo({"data": entries}) == 400


def test_a_stop_by_text_is_an_opt_out(gate: Gate) -> None:
    document = {
        "id": "ps1", "type": "subscriber.opt_out", "occurred_at": "2026-01-02 03:04:05.000006",
        "data": {"subscriber": {"id": "s1", "phone_number": "(212) 555-0123"}},
    }  # fmt: skip
    assert gate.postscript(document) == gate.postscript(document) == 200
    (row,) = gate.events()
    assert gate.state(PHONE) == {SMS: "opted_out"}
    assert row.consented_at.isoformat() == "2026-01-02T03:04:05.000006+00:00"
    assert gate.postscript({**document, "type": "message.sent"}) == 202
    nobody = {"id": "ps2", "type": "opt_out"}
    assert gate.postscript(nobody) == 202
    assert gate.client.get("/health").json()["counts"]["postscript unplaced"] == 1


def test_a_choice_is_confirmed_and_an_opt_in_needs_proof(gate: Gate) -> None:
    choice = {"email": "jane@example.com", "channel": "email", "purpose": "marketing"}
    at = (START - timedelta(minutes=1)).isoformat()
    out = {**choice, "event_id": "1", "state": "opted_out", "consented_at": at}
    assert gate.keyed("/preferences", WRITE, out) == 200
    into = {**choice, "event_id": "2", "state": "opted_in", "consented_at": START.isoformat()}
    assert gate.keyed("/preferences", WRITE, into) == 400
    assert gate.keyed("/preferences", WRITE, {**into, "proof": "jane@example.com"}) == 400
    assert shown(gate)["states"][0]["state"] == "opted_out"
    assert gate.keyed("/preferences", WRITE, {**into, "proof": "form 7 footer"}) == 200
    assert shown(gate)["states"] == [
        {"purpose": "marketing", "channel": "email", "state": "opted_in",
         "since": START.isoformat()}
    ]  # fmt: skip


def test_no_id_brings_an_address_into_the_ledger(gate: Gate) -> None:
    jane = "jane@example.com"
    choice = {"email": jane, "channel": "email", "purpose": "marketing", "state": "opted_out"}
    assert gate.keyed("/preferences", WRITE, {**choice, "event_id": jane}) == 200
    assert gate.shopify(EMAIL_TOPIC, email_consent("unsubscribed"), jane) == 200
    text = {"id": jane, "type": f"{jane}.opt_out", "shop_id": jane, "phone": "+12125550123"}
    assert gate.postscript(text) == 200
    entry = klaviyo_entry("unsubscribed_from_email_marketing", jane, email=jane)
    assert gate.klaviyo({"meta": {"klaviyo_account_id": "acc"}, "data": [entry]}) == 200
    rows = gate.events()
    assert [row.event_id[:7] for row in rows] == ["sha256:"] * 4
    assert not [row for row in rows if "jane" in str(row) or "2125550123" in str(row)]


def shown(gate: Gate, query: str = f"email_sha256={JANE[1]}") -> Any:
    answer = gate.client.get(f"/preferences/status?{query}", headers=bearer(READ))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def test_a_status_takes_no_address(gate: Gate) -> None:
    for query in ("", "email_sha256=jane@example.com", "email=jane@example.com"):
        path = f"/preferences/status?{query}"
        assert gate.client.get(path, headers=bearer(READ)).status_code == 400


EVENT = {
    "event_id": "v1", "type": "page_viewed", "browser_id": "browser-1",
    "occurred_at": START.isoformat(), "page_url": "/a", "password": "unknown field",
}  # fmt: skip


def test_a_signal_opts_the_browser_out_and_the_customer_who_is_logged_in(gate: Gate) -> None:
    assert gate.keyed("/events", EVENTS, EVENT) == 200
    assert gate.events() == []
    assert shown(gate, "browser_id=browser-1") == {"opt_out_request_honored": False, "states": []}
    signal = {"Sec-GPC": "1"}
    for number in range(3):
        event = {**EVENT, "event_id": f"g{number}"}
        assert gate.keyed("/events", EVENTS, event, **signal) == 200
    assert {(row.channel, row.purpose) for row in gate.events()} == {
        ("ads", "ads_sharing"), ("ads", "sale"),
    }  # fmt: skip
    assert shown(gate, "browser_id=browser-1")["opt_out_request_honored"] is True
    assert shown(gate, "customer_id=cus_1")["opt_out_request_honored"] is False
    logged_in = {**EVENT, "event_id": "in", "customer_id": "cus_1", "shop_customer_id": "7"}
    assert gate.keyed("/events", EVENTS, logged_in, **signal) == 200
    assert shown(gate, "customer_id=cus_1")["opt_out_request_honored"] is True
    # Later visits without the signal lift nothing; the words 0 and true are no signal.
    for number, word in enumerate(("0", "true", "")):
        event = {**EVENT, "event_id": f"later{number}", "browser_id": "browser-2"}
        assert gate.keyed("/events", EVENTS, event, **{"Sec-GPC": word}) == 200
    assert shown(gate, "browser_id=browser-2")["states"] == []
    assert shown(gate, "browser_id=browser-1")["opt_out_request_honored"] is True
    rows = gate.lines()
    assert len(rows) == 8
    assert "password" not in str(rows)
