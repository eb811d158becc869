"""Counts of records, identifiers and rules of a customer."""

from __future__ import annotations

from datetime import datetime

from orchestration.identity.evidence import Summary
from orchestration.identity.explain import explain_identity
from orchestration.identity.tally import identifiers_shown, records_by_kind, rules_applied
from orchestration.settings import Settings


def test_ann_is_three_orders_an_account_and_a_profile(shared_settings: Settings) -> None:
    found = explain_identity(shared_settings, "cus_ann", None)
    assert isinstance(found, Summary)
    assert [(one.kind, one.record_count) for one in records_by_kind(found)] == [
        ("order", 3), ("account", 1), ("profile", 1),
    ]  # fmt: skip
    assert [(one.rule, one.strength, one.link_count) for one in rules_applied(
        found.component.edges
    )] == [("account", "S1", 2), ("email", "S2", 3), ("phone", "S3", 1)]  # fmt: skip
    shown = {one.identifier.value: one for one in identifiers_shown(found.sightings)}
    assert set(shown) == {"ann@work.example", "annlee@gmail.com", "+14155550101", "1"}
    email = shown["annlee@gmail.com"]
    assert (email.record_count, email.verdict) == (3, "link")
    assert email.first_seen_at == datetime(2025, 1, 5)
    assert email.last_seen_at == datetime(2025, 3, 1)
