"""One person by any identifier, with consent as of now, for keys with the scope and nobody else."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestration.collector.app import build_app as build_collector
from orchestration.collector.bounds import Limits
from orchestration.collector.lanes import Lanes
from orchestration.collector.segments import Segments
from orchestration.ledger import tombstones
from orchestration.ledger.customer_ids import record_changes
from orchestration.ledger.tables import audit_chain
from orchestration.profiles import snapshot
from orchestration.profiles.app import READ_AT_ONCE, build_app
from orchestration.profiles.reading import AmbiguousError
from orchestration.publish import contacts, identifier_digest
from tests.unit.activation.world import START, sha
from tests.unit.collector.world import RECEIVED, WRITE, bearer
from tests.unit.profiles.world import READERS, Reading

EMAIL, SMS = "email marketing", "sms marketing"


@pytest.mark.parametrize(
    "question",
    [
        {"email": " C1@Example.test"},
        {"email": "now-c1@example.test"},
        {"phone": "+16505550001"},
        {"phone": "(650) 555-0001", "country_code": "us"},
        {"customer_id": "c1"},
        {"customer_id": "old1"},
        {"browser_id": "browser-of-c1", "scope": "shop"},
        {"email_sha256": sha("now-c1@example.test")},
        {"phone_sha256": sha("+16505550001")},
        {"identifier": {"type": "email", "value": "c1@example.test"}},
        {"identifier_digest": identifier_digest("anonymous_id", "shop", "browser-of-c1")},
    ],
    ids=lambda question: "+".join(question),
)
def test_any_identifier_leads_to_her(shared: Reading, question: dict[str, Any]) -> None:
    status, shown = shared.ask("/profile", "both", **question)
    assert (status, shown["customer_id"]) == (200, "c1")
    assert shown["profile"]["net_sales_amount"] == 1.5


def test_contact_data_is_masked_unless_asked_for_with_the_scope(reading: Reading) -> None:
    _, shown = reading.ask("/profile", "contact", customer_id="c1")
    assert shown["contact"] == {
        "email": "n***@e***.test", "phone_number": "+1***01", "first_name": "J***",
    }  # fmt: skip
    assert shown["is_contact_masked"] is True
    assert reading.ask("/profile", "both", customer_id="c1", contact="full")[0] == 403
    assert reading.ask("/consent", "contact", customer_id="c1", contact="full")[0] == 403
    assert _disclosures(reading) == []
    _, shown = reading.ask("/profile", "contact", customer_id="c1", contact="full")
    assert shown["contact"]["email"] == "now-c1@example.test"
    (line,) = _disclosures(reading)
    assert '"reader":"contact"' in line
    assert json.loads(line)["customer"] != "c1", "who it was is told by a keyed digest"
    assert "now-" not in line
    assert reading.ledger.verify() > 1


def test_contact_data_is_not_disclosed_where_no_line_can_be_written(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("orchestration.profiles.app.audit.append", fail)
    status, shown = reading.ask("/profile", "contact", customer_id="c1", contact="full")
    assert (status, shown) == (503, {"status": "unavailable"})


def test_a_choice_that_was_acknowledged_is_in_the_next_answer(reading: Reading) -> None:
    asked = {"email": "now-c1@example.test"}
    before = reading.consent(**asked)
    assert (before[EMAIL]["state"], before[EMAIL]["origin"]) == ("opted_in", "build")
    assert before[SMS]["state"] == "opted_out"
    lanes = Lanes(reading.settings)
    segments = Segments(reading.settings.home / "segments", lambda: 0.0)
    app = build_collector(
        RECEIVED, reading.ledger, lanes, segments, now=reading.clock, opt_ins=lanes
    )
    with TestClient(app) as collector:
        for number, state in enumerate(["opted_out", "opted_in"]):
            reading.clock.sleep(300)
            choice = {
                "event_id": f"e{number}", "channel": "email", "purpose": "marketing",
                "state": state, "consented_at": reading.clock().isoformat(), "proof": "form 1",
                "customer_id": "c1", **asked,
            }  # fmt: skip
            collector.post("/preferences", json=choice, headers=bearer(WRITE)).raise_for_status()
            # By whichever name she is asked for, and as the gate sees her.
            for question in (asked, {"customer_id": "c1"}, {"phone": "+16505550001"}):
                now = reading.consent(**question)[EMAIL]
                assert (now["state"], now["origin"]) == (state, "ledger")
                assert now["is_suppressed"] is (state == "opted_out")
    assert reading.consent(customer_id="c2")[EMAIL]["state"] == "opted_in"


def test_a_minor_has_said_yes_to_nothing(shared: Reading) -> None:
    assert {one["state"] for one in shared.consent(customer_id="c3").values()} == {"opted_out"}


def test_an_address_that_no_build_knows_yet_has_its_consent_and_no_profile(
    reading: Reading,
) -> None:
    subject = {"subject_type": "email_sha256", "subject_value": sha("new@example.test")}
    scope = {"channel": "email", "purpose": "marketing", "source_event": "e1"}
    reading.ledger.record_suppressions([{**subject, **scope, "suppressed_at": START}])
    assert reading.consent(email="new@example.test")[EMAIL]["state"] == "opted_out"
    assert reading.consent(email="new@example.test")[SMS]["state"] == "unknown"
    assert reading.ask("/profile", "both", email="new@example.test")[0] == 404
    assert reading.ask("/consent", "consent", email="nobody@example.test")[0] == 404


def test_a_newer_snapshot_counts_at_once(reading: Reading) -> None:
    assert reading.ask("/profile", "both", customer_id="c4")[0] == 404
    _, before = reading.ask("/profile", "both", customer_id="c1")
    reading.publish(customers=5)
    _, after = reading.ask("/profile", "both", customer_id="c4")
    assert after["build_id"] != before["build_id"]


def test_files_stay_open_from_one_question_to_the_next_until_the_pointer_moves(
    reading: Reading,
) -> None:
    snapshots = snapshot.Snapshots(reading.settings)
    with snapshots.opened() as first, snapshots.opened() as beside:
        assert beside is not first
    with snapshots.opened() as left_open, suppress(AmbiguousError), snapshots.opened() as bad:
        assert {id(left_open), id(bad)} == {id(first), id(beside)}
        raise AmbiguousError
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        bad.profile("c1")
    # Written anew under the same name: other files.
    folder = reading.settings.snapshot.resolve()
    folder.rename(folder.with_name("before"))
    shutil.copytree(folder.with_name("before"), folder)
    with snapshots.opened() as anew:
        assert anew.profile("c1")
        assert anew.inode != left_open.inode
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        left_open.profile("c1")


def test_nobody_who_was_erased_is_answered(reading: Reading) -> None:
    with reading.ledger.transaction() as connection:
        key = tombstones.key_of(connection)
        tombstones.bury(connection, key, [("customer_id", "c1")], START)
    assert reading.ask("/profile", "both", email="c1@example.test")[0] == 404
    assert reading.ask("/profile", "both", customer_id="c2")[0] == 200


def test_an_id_that_was_merged_since_leads_on_and_a_shared_address_to_nobody(
    reading: Reading,
) -> None:
    change = {
        "old_customer_id": "c9", "customer_id": "c2", "kind": "merge", "reason": "email",
        "changed_at": START,
    }  # fmt: skip
    with reading.ledger.transaction() as connection:
        record_changes(connection, [change], START)
    # Before the first question: from then on the snapshot is open, and nobody ever writes it.
    file = reading.settings.snapshot.resolve() / "lookup.sqlite"
    with sqlite3.connect(file) as lookup:
        lookup.execute(
            "insert into subject values ('phone_sha256', ?, 'c2')", [sha("+16505550001")]
        )
    assert reading.ask("/profile", "both", customer_id="c9")[1]["customer_id"] == "c2"
    assert reading.ask("/profile", "both", phone="+16505550001") == (409, {"status": "ambiguous"})


def test_scopes_and_keys(shared: Reading) -> None:
    assert "consent" not in shared.ask("/profile", "profile", customer_id="c1")[1]
    assert "email_marketing_state" not in shared.ask("/profile", "both", customer_id="c1")[1][
        "profile"
    ], "what the build held of consent is old as soon as she chooses"
    assert shared.ask("/profile", "consent", customer_id="c1")[0] == 403
    assert shared.ask("/consent", "profile", customer_id="c1")[0] == 403
    for headers in ({}, bearer("unknown"), {"Authorization": "Basic key-that-reads-all"}):
        answer = shared.client.post("/profile", json={"customer_id": "c1"}, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"status": "unauthorised"})


def test_every_key_is_compared_in_constant_time(
    shared: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("orchestration.profiles.app.hmac.compare_digest", compare)
    shared.ask("/consent", "both", customer_id="c1")
    assert len(compared) == 4


@pytest.mark.parametrize(
    "question",
    [
        {}, {"email": "c1@example.test", "customer_id": "c1"}, {"email": "nobody"}, {"email": 7},
        {"name": "Jane"}, {"customer_id": "x' or 1=1"}, {"email_sha256": "abc"},
        {"customer_id": "c1", "contact": "all"}, {"identifier": "email"},
        {"identifier": {"type": "email", "value": "a", "more": 1}},
        {"identifier": {"type": "e" * 70, "value": "a"}}, {"phone": "12"},
        {"browser_id": "b" * 400}, {"identifier_digest": ["a"]},
    ],
)  # fmt: skip
def test_a_question_of_another_form_is_refused(
    shared: Reading, question: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="orchestration"):
        assert shared.ask("/profile", "both", **question) == (400, {"status": "bad_request"})
    assert not caplog.records


def test_sizes_and_rates_are_bounded(shared: Reading) -> None:
    assert shared.ask("/profile", "both", email="a" * 5_000)[0] == 413
    app = build_app(
        shared.settings, READERS, shared.ledger,
        now=shared.clock, limits=Limits(burst=2), clock=lambda: 0.0,
    )  # fmt: skip
    with TestClient(app) as client:
        assert [client.post("/profile").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.parametrize("what", ["nothing published", "an older snapshot"])
def test_without_a_snapshot_nothing_is_answered_and_nothing_told(
    reading: Reading, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    if what == "nothing published":
        reading.settings.snapshot.unlink()
    else:
        (reading.settings.snapshot.resolve() / snapshot.CONTACTS_FILE).unlink()
    status, shown = reading.ask("/profile", "both", email="c1@example.test")
    assert (status, shown) == (503, {"status": "unavailable"})
    assert "c1@" not in caplog.text


def test_publish_writes_the_file_that_is_read_here() -> None:
    assert contacts.CONTACTS_FILE == snapshot.CONTACTS_FILE


def _disclosures(reading: Reading) -> list[str]:
    with reading.ledger.read() as connection:
        chosen = audit_chain.select().where(audit_chain.c.kind == "profile_disclosure")
        return [row.detail_json for row in connection.execute(chosen)]


@pytest.mark.parametrize("store", ["a file", "a server"])
def test_whoever_waits_for_the_ledgers_writers_holds_up_no_reader(
    reading: Reading, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if store == "a server":
        monkeypatch.setattr("orchestration.profiles.app.sqlite_file", lambda _: None)
    app = build_app(reading.settings, READERS, reading.ledger, now=reading.clock)
    asked = {"path": "/profile", "who": "contact", "customer_id": "c1", "contact": "full"}
    with TestClient(app) as client, ThreadPoolExecutor(READ_AT_ONCE) as pool:
        reading.client = client
        with reading.ledger.transaction():
            disclosures = [pool.submit(reading.ask, **asked) for _ in range(READ_AT_ONCE)]
            # Long enough to be read; none is told before its line in the chain is written.
            done, waiting = wait(disclosures, timeout=0.5)
            assert not done
            assert reading.ask("/profile", "both", customer_id="c2")[0] == 200
            assert not any(one.done() for one in waiting)
        assert [one.result()[0] for one in disclosures] == [200] * READ_AT_ONCE
