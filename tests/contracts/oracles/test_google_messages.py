"""What we send to Google, read by the messages of Google's own client.

What lives here: one body per call, parsed strictly; our hashes beside its formatter's.
What never does: calls.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.destinations.base import Row
from orchestration.destinations.google.api import AUTHORIZATION, CONSENT, HEADERS, DataManager
from orchestration.destinations.google.conversions import GoogleConversions
from orchestration.destinations.google.customer_match import GoogleCustomerMatch
from orchestration.destinations.google.errors import ERRORS
from orchestration.destinations.http import VendorHttp
from tests.identifiers import applied
from tests.unit.destinations.fakes import Vendor, ok, settings, sha

ABSENT = "google-ads-datamanager and its util are not installed: make oracles"
datamanager = pytest.importorskip("google.ads.datamanager_v1", reason=ABSENT)
util = pytest.importorskip("google.ads.datamanager_util", reason=ABSENT)
from google.protobuf import json_format  # noqa: E402

PAYLOAD = {
    "email_sha256": sha("e"), "phone_sha256": sha("p"), "first_name_sha256": sha("g"),
    "last_name_sha256": sha("f"), "region_code": "US", "postal_code": "94043",
    "ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED",
}  # fmt: skip
ORDER = {
    **PAYLOAD, "event_at": "2026-11-20T10:00:00+00:00", "order_id": "1001", "currency": "USD",
    "conversion_value_amount": "12.3400", "gclid": "G1",
}  # fmt: skip
MEMBER = ("audienceMembers", 0, "userData", "userIdentifiers", 0)
# Call: what makes the body, its message, and a place where a wrong name must be refused.
CALLS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "ingest members": ("upsert", "IngestAudienceMembersRequest", MEMBER),
    "remove members": ("remove", "RemoveAudienceMembersRequest", MEMBER),
    "ingest events": ("upsert", "IngestEventsRequest", ("events", 0)),
}


def sent(call: str) -> Any:
    vendor = Vendor([ok({"requestId": "r1"})])
    http = VendorHttp(settings("google"), AUTHORIZATION, ERRORS, HEADERS, transport=vendor)
    api = DataManager(http, "7")
    if call == "ingest events":
        GoogleConversions(api, "99").upsert([Row("purchase:1001", ORDER)])
    else:
        plugin = GoogleCustomerMatch(api, "55")
        getattr(plugin, CALLS[call][0])([Row("cus_1", PAYLOAD)])
    return vendor.body(0)


def read(message: str, body: Any) -> Any:
    """The body as the client writes it after reading it; raises for a name it does not know."""
    parsed = json_format.ParseDict(
        body, getattr(datamanager, message).pb()(), ignore_unknown_fields=False
    )
    return json_format.MessageToDict(parsed)


@pytest.mark.parametrize("call", CALLS)
def test_a_body_is_read_whole_and_a_bad_one_is_refused(call: str) -> None:
    _, message, place = CALLS[call]
    body = sent(call)
    written = json.dumps(read(message, body)).replace("10:00:00Z", "10:00:00+00:00")
    assert json.loads(written) == body
    bad = copy.deepcopy(body)
    target = bad
    for step in place:
        target = target[step]
    target["email_address_sha256"] = sha("e")
    with pytest.raises(json_format.ParseError, match="email_address_sha256"):
        read(message, bad)
    with pytest.raises(json_format.ParseError):
        read(message, {**body, "encoding": "HEXADECIMAL"})


def test_the_names_and_states_of_consent_are_the_clients() -> None:
    consent = read("IngestEventsRequest", sent("ingest events"))["consent"]
    assert consent == dict.fromkeys(CONSENT, "CONSENT_GRANTED")
    with pytest.raises(json_format.ParseError):
        read("IngestEventsRequest", {"consent": {"adUserData": "GRANTED"}})


def test_the_limits_of_a_request_stand_in_the_clients_words() -> None:
    assert "2000" in datamanager.IngestEventsRequest.__doc__
    assert "10000" in datamanager.IngestAudienceMembersRequest.__doc__


TEXTS = [
    ("google_email_sha256", "email_address", "  ALEXZ@example.com   "),
    ("google_email_sha256", "email_address", "Jefferson.LOVES.Hiking@googlemail.com"),
    ("google_email_sha256", "email_address", "cloudy.sanfrancisco+shopping@gmail.com"),
    ("google_email_sha256", "email_address", "user.name+NYC@Example.com"),
    ("google_email_sha256", "email_address", "JOSÉ@EXAMPLE.COM"),
    ("google_phone_sha256", "phone_number", "+18005550100"),
    ("google_phone_sha256", "phone_number", "+441134960987"),
    ("google_name_sha256", "given_name", "  GivenName  "),
    ("google_name_sha256", "given_name", "Valéry"),
    ("google_name_sha256", "family_name", "Smith-Jones"),
    ("google_name_sha256", "family_name", "van der Berg"),
    ("google_region_code", "region_code", " uS "),
    ("google_postal_code", "postal_code", " 1229-076  "),
]
REFUSED = [("google_email_sha256", text) for text in ("a b@example.com", "quinn", " ...@gmail.com")]


def test_our_hashes_are_the_formatters_and_what_it_refuses_so_do_we(tmp_path: Path) -> None:
    formatter = util.Formatter()
    asked = [(macro, text) for macro, _, text in TEXTS] + REFUSED
    ours = applied(tmp_path, asked)
    theirs = []
    for _, field, text in TEXTS:
        process = getattr(formatter, f"process_{field}")
        plain = field in ("region_code", "postal_code")
        theirs.append(process(text) if plain else process(text, util.Encoding.HEX))
    assert ours[: len(TEXTS)] == theirs
    assert ours[len(TEXTS) :] == [None] * len(REFUSED)
    for _, text in REFUSED:
        with pytest.raises(ValueError, match="Email"):
            formatter.process_email_address(text, util.Encoding.HEX)
