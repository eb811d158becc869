"""Only who knows a secret is heard, in time, and only for what it signed."""

from __future__ import annotations

import base64
import json

import pytest

from orchestration.collector import shopify, signatures
from orchestration.collector.errors import RefusedError
from orchestration.settings import Secret
from tests.unit.activation.world import START
from tests.unit.collector.world import (
    EMAIL_TOPIC,
    EVENTS,
    OLD,
    READ,
    WRITE,
    Gate,
    email_consent,
    hmac_of,
    shopify_headers,
)

# Computed by another hand: printf %s "$BODY" | openssl dgst -sha256 -hmac hush -binary | base64
VECTOR_BODY = (
    b'{"customer_id":7,"email_address":"a@example.org",'
    b'"email_marketing_consent":{"state":"unsubscribed"}}'
)
VECTOR = "zBO0RgKjmywIylwp6/ysAqLiNeHMGFGS2mv+w37n81k="
BODY = json.dumps(email_consent("unsubscribed")).encode()


def test_a_known_signature_is_accepted_and_every_changed_bit_is_not() -> None:
    assert signatures.signature(shopify.SCHEME, "hush", VECTOR_BODY) == VECTOR
    secrets = (Secret("another"), Secret("hush"))
    for name in shopify.SCHEME.signature_headers:
        signatures.check(shopify.SCHEME, secrets, {name: VECTOR}, VECTOR_BODY, START)
    for place in range(len(VECTOR)):
        for bit in range(8):
            shown = bytearray(VECTOR.encode())
            shown[place] ^= 1 << bit
            headers = {"x-shopify-hmac-sha256": shown.decode("latin-1")}
            with pytest.raises(RefusedError):
                signatures.check(shopify.SCHEME, secrets, headers, VECTOR_BODY, START)
    for place in range(len(VECTOR_BODY)):
        body = bytearray(VECTOR_BODY)
        body[place] ^= 1
        with pytest.raises(RefusedError):
            signatures.check(
                shopify.SCHEME, secrets, {"shopify-hmac-sha256": VECTOR}, bytes(body), START
            )


def test_signatures_are_compared_in_constant_time_with_every_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    monkeypatch.setattr(
        "orchestration.collector.signatures.hmac.compare_digest",
        lambda left, right: compared.append((left, right)) or left == right,
    )
    headers = {"x-shopify-hmac-sha256": VECTOR}
    signatures.check(
        shopify.SCHEME, (Secret("hush"), Secret("other")), headers, VECTOR_BODY, START
    )
    assert len(compared) == 2


def test_both_secrets_and_both_header_names_are_heard(gate: Gate) -> None:
    old = base64.b64encode(hmac_of(OLD, BODY)).decode()
    headers = shopify_headers(EMAIL_TOPIC, BODY, "1", {"X-Shopify-Hmac-SHA256": old})
    assert gate.send("/webhooks/shopify", BODY, headers) == 200
    new = {
        name.removeprefix("X-"): value
        for name, value in shopify_headers(EMAIL_TOPIC, BODY, "2").items()
    }
    assert gate.send("/webhooks/shopify", BODY, new) == 200
    assert len(gate.events()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"X-Shopify-Hmac-SHA256": ""},
        {"X-Shopify-Hmac-SHA256": "AAAA"},
        {"X-Shopify-Hmac-SHA256": base64.b64encode(hmac_of("wrong", BODY)).decode()},
        {"Shopify-Hmac-SHA256": "another one"},
    ],
)
def test_forged_unsigned_and_doubly_signed_are_refused_and_leave_nothing(
    gate: Gate, change: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    headers = shopify_headers(EMAIL_TOPIC, BODY, "1", change)
    assert gate.send("/webhooks/shopify", BODY, headers) == 401
    assert gate.events() == []
    assert gate.client.get("/health").json()["counts"] == {"refused unauthorised": 1}
    assert "example.com" not in caplog.text


def test_a_signed_time_is_fresh_or_refused(gate: Gate) -> None:
    document = {"meta": {"klaviyo_account_id": "acc"}, "data": []}
    ages = {0: 202, 300: 202, 301: 401, -30: 202, -31: 401}
    assert {age: gate.klaviyo(document, age=age) for age in ages} == ages
    body = json.dumps(document).encode()
    unsigned_time = {
        "Klaviyo-Signature": hmac_of("secret-of-an-account", body).hex(),
        "Klaviyo-Timestamp": str(int(START.timestamp())),
    }
    assert gate.send("/webhooks/klaviyo", body, unsigned_time) == 401
    assert gate.send("/webhooks/klaviyo", body, {}) == 401


def test_a_key_opens_its_own_scope_only(gate: Gate) -> None:
    choice = {
        "event_id": "1", "email": "jane@example.com", "channel": "email",
        "purpose": "marketing", "state": "opted_out",
    }  # fmt: skip
    assert gate.keyed("/preferences", WRITE, choice) == 200
    assert gate.keyed("/preferences", READ, choice) == 403
    assert gate.keyed("/preferences", EVENTS, choice) == 403
    assert gate.keyed("/preferences", WRITE[:-1], choice) == 401
    assert gate.send("/preferences", b"{}", {"Authorization": WRITE}) == 401
    assert gate.send("/preferences", b"{}", {}) == 401
    assert gate.client.get("/preferences/status?customer_id=c1").status_code == 401


def test_a_source_without_a_secret_has_no_address(gate: Gate) -> None:
    assert gate.send("/webhooks/elsewhere", b"{}", {}) == 404
