"""Whatever is sent: no failure of ours, and nothing stored without a valid signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.activation.world import START
from tests.unit.collector.test_consent import EVENT, klaviyo_entry
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    EVENTS,
    SHOP,
    WRITE,
    Gate,
    bearer,
    email_consent,
    gate_in,
    shopify_headers,
)

PATHS = (
    "/webhooks/shopify", "/webhooks/klaviyo", "/webhooks/postscript", "/preferences", "/events",
)  # fmt: skip
TOPICS = (
    EMAIL_TOPIC, "customers/marketing_consent_update", "customers/update", "orders/create",
    "customers/data_request", "customers/redact", "shop/redact", "products/update",
)  # fmt: skip
KLAVIYO_BODY = {
    "meta": {"klaviyo_account_id": "acc"},
    "data": [klaviyo_entry("unsubscribed_from_email_marketing", "a", email="a@example.com")],
}
POSTSCRIPT_BODY = {
    "id": "1", "type": "opt_out", "occurred_at": START.isoformat(),
    "data": {"subscriber": {"id": "s", "phone_number": "+12125550123"}},
}  # fmt: skip
CHOICE = {
    "event_id": "1", "email": "a@example.com", "channel": "email", "purpose": "marketing",
    "state": "opted_in", "consented_at": START.isoformat(), "proof": "form 1",
}  # fmt: skip
CUSTOMER = {
    **email_consent("unsubscribed"), "id": 1, "phone": "+12125550123", "updated_at": "2026-01-01",
    "sms_marketing_consent": {"state": "subscribed", "consent_updated_at": "2026-01-01"},
    "shop_id": 1, "shop_domain": SHOP, "customer": {"id": 1, "email": "a@example.com"},
    "orders_to_redact": [1], "orders_requested": [2], "data_request": {"id": 1},
    "line_items": [{"id": 1, "price": "1.00"}], "default_address": {"country_code": "US"},
}  # fmt: skip

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40) | st.sampled_from(["\ud800", "\0", "0" * 3_000, "2026-13-40", "+1", "@"])
)  # fmt: skip
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FUZZ = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def paths_of(document: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    if isinstance(document, dict):
        for name, value in document.items():
            yield from paths_of(value, (*before, name))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from paths_of(value, (*before, place))


def broken(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with something else at the path."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = broken(copy[path[0]], path[1:], value)
    return copy


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    with gate_in(tmp_path_factory.mktemp("fuzz")) as made:
        yield made


@FUZZ
@given(st.data())
def test_signed_nonsense_is_answered_and_never_fails(shared: Gate, data: st.DataObject) -> None:
    shared.pass_by(1)
    kind = data.draw(st.sampled_from(("shopify", "klaviyo", "postscript", "choice", "event")))
    bodies = {
        "shopify": CUSTOMER, "klaviyo": KLAVIYO_BODY, "postscript": POSTSCRIPT_BODY,
        "choice": CHOICE, "event": EVENT,
    }  # fmt: skip
    path = data.draw(st.sampled_from(list(paths_of(bodies[kind]))))
    document = broken(bodies[kind], path, data.draw(documents))
    event_id = data.draw(st.text("abc#\x7f é", max_size=5))
    answers = {
        "shopify": lambda: shared.shopify(
            data.draw(st.sampled_from(TOPICS)), document, event_id.encode("latin-1").hex()
        ),
        "klaviyo": lambda: shared.klaviyo(document),
        "postscript": lambda: shared.postscript(document),
        "choice": lambda: shared.keyed("/preferences", WRITE, document),
        "event": lambda: shared.keyed("/events", EVENTS, document, **{"Sec-GPC": "1"}),
    }
    assert answers[kind]() in (200, 202, 400)
    assert shared.client.get("/health").json()["counts"].get("unexpected") is None


@FUZZ
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=200) | documents.map(lambda one: json.dumps(one).encode()),
    signature=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    topic=st.sampled_from(TOPICS),
)
def test_nothing_is_accepted_without_a_valid_signature(
    shared: Gate, path: str, body: bytes, signature: str, topic: str
) -> None:
    shared.pass_by(1)
    before = len(shared.events()), len(shared.requests()), len(shared.lines())
    headers = {
        **shopify_headers(topic, b"another body"),
        "Klaviyo-Signature": signature,
        "Klaviyo-Timestamp": str(int(shared.moment[0].timestamp())),
        "Postscript-Signature": signature,
        **bearer(signature),
    }
    assert shared.send(path, body, headers) == 401
    assert (len(shared.events()), len(shared.requests()), len(shared.lines())) == before


def test_the_ledger_is_whole_after_all_of_it(shared: Gate) -> None:
    assert shared.shopify(EMAIL_TOPIC, email_consent("unsubscribed"), "last") == 200
    assert shared.ledger.verify() > 1
