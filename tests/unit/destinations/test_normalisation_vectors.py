"""Our macros against vectors that were gathered from the vendors' own texts.

What lives here: the rows whose digests we send to TikTok and Postscript.
What never does: rows that show what an SDK does wrong.
"""

from __future__ import annotations

import csv
import hashlib

import pytest

from orchestration.e164 import to_e164
from tests.rendering import by_macro
from tests.support import SHARED_DATA

VECTORS = SHARED_DATA.parent / "spec" / "normalisation_vectors.csv"
# Destination and field of the vectors, and the macro that must give the same.
RULES = {
    ("tiktok_audience", "EMAIL_SHA256"): "tiktok_segment_email_sha256",
    ("tiktok_audience", "PHONE_SHA256"): "tiktok_segment_phone_sha256",
    ("tiktok_events", "user.email"): "tiktok_event_email_sha256",
    ("tiktok_events", "user.phone"): "tiktok_event_phone_sha256",
    ("tiktok_events", "user.external_id"): "tiktok_external_id_sha256",
    ("postscript", "phone_number"): "postscript_phone",
}
# Countries of the phones that name none.
COUNTRIES = {"374-93-828222": "AM", "+44-113-496-0987": "GB"}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def landed(phone: str) -> str | None:
    """The phone as landing leaves it: vectors write the country behind it."""
    number, _, country = phone.partition(" US")
    given = "US" if phone.endswith(" US") else COUNTRIES.get(phone, country)
    return to_e164(number if phone.endswith(" US") else phone, given)


@pytest.mark.skipif(not VECTORS.exists(), reason="the gathered vectors are not here")
@pytest.mark.parametrize(("rule", "macro"), RULES.items(), ids=lambda part: str(part))
def test_the_macro_gives_the_vectors_digest(rule: tuple[str, str], macro: str) -> None:
    with VECTORS.open(encoding="utf-8", newline="") as stream:
        rows = [
            row for row in csv.DictReader(stream) if (row["destination"], row["field"]) == rule
        ]
    assert rows
    is_phone = "phone" in rule[1].lower()
    given = [landed(row["input"]) if is_phone else row["input"] for row in rows]
    expected = [row["sha256"] or row["normalised"] for row in rows]
    assert by_macro(macro, given) == expected


def test_a_phone_and_an_e_mail_have_two_digests_each() -> None:
    assert by_macro("tiktok_event_phone_sha256", ["+16505551212"]) == [sha("+16505551212")]
    assert by_macro("tiktok_segment_phone_sha256", ["+16505551212"]) == [sha("16505551212")]
    assert by_macro("tiktok_event_email_sha256", ["a.b+c@x.example"]) == [sha("a.b+c@x.example")]
    assert by_macro("tiktok_segment_email_sha256", ["a.b+c@x.example"]) == [sha("a.b@x.example")]


@pytest.mark.parametrize(
    "macro", [name for name in RULES.values() if name != "postscript_phone"]
)
def test_nothing_has_no_digest(macro: str) -> None:
    digest_of_digest = "5d41402abc4b2a76b9719d911017c592"
    assert by_macro(macro, [None, "", " ", digest_of_digest]) == [None] * 4


def test_a_mailbox_that_is_only_a_tag_is_none() -> None:
    assert by_macro("tiktok_segment_email_sha256", ["+vip@example.com"]) == [None]
