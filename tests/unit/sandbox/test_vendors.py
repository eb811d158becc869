"""Who is in an audience after changes of identifiers, as the vendors see it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestration.sandbox.server import start_in_background
from orchestration.sandbox.truth import Truth
from orchestration.sandbox.wire import GOOGLE_ACCOUNT_ID, SECRETS


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Audiences:
    def __init__(self, truth: Truth, client: httpx.Client) -> None:
        self.truth = truth
        self.client = client

    def meta(self, method: str, **cells: str) -> None:
        body = {
            "session": {"session_id": 1, "batch_seq": 1, "last_batch_flag": True},
            "payload": {"schema": list(cells), "data": [list(cells.values())]},
        }
        headers = {"authorization": f"Bearer {SECRETS['meta']}"}
        answer = self.client.request(method, "/meta/v26.0/vip/users", json=body, headers=headers)
        assert answer.json()["num_invalid_entries"] == 0

    def google(self, verb: str, **identifiers: str) -> None:
        account = {"accountType": "GOOGLE_ADS", "accountId": GOOGLE_ACCOUNT_ID}
        listed = [{name: value} for name, value in identifiers.items()]
        body: dict[str, Any] = {
            "destinations": [{"operatingAccount": account, "productDestinationId": "vip"}],
            "audienceMembers": [{"userData": {"userIdentifiers": listed}}],
            "encoding": "HEX",
        }
        if verb == "ingest":
            body["termsOfService"] = {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
        headers = {"authorization": f"Bearer {SECRETS['google']}"}
        path = f"/google/v1/audienceMembers:{verb}"
        assert self.client.post(path, json=body, headers=headers).status_code == 200

    def count(self, vendor: str) -> int:
        return len(self.truth.members(vendor, "vip"))


@pytest.fixture
def audiences(tmp_path: Path) -> Iterator[Audiences]:
    with (
        start_in_background(tmp_path, {"meta": ["vip"], "google": ["vip"]}) as base,
        httpx.Client(base_url=base) as client,
    ):
        yield Audiences(Truth(tmp_path), client)


def test_meta_keeps_a_person_whose_former_hash_was_not_removed(audiences: Audiences) -> None:
    audiences.meta("POST", EXTERN_ID="k1", EMAIL=sha("old"))
    audiences.meta("POST", EXTERN_ID="k1", EMAIL=sha("new"))
    assert audiences.count("meta") == 1
    audiences.meta("DELETE", EXTERN_ID="k1", EMAIL=sha("new"))
    assert audiences.count("meta") == 1
    audiences.meta("DELETE", EMAIL=sha("old"))
    assert audiences.count("meta") == 0


def test_meta_removes_the_named_person_and_leaves_the_family(audiences: Audiences) -> None:
    audiences.meta("POST", EXTERN_ID="k1", EMAIL=sha("a"), PHONE=sha("p"))
    audiences.meta("POST", EXTERN_ID="k2", EMAIL=sha("b"), PHONE=sha("p"))
    audiences.meta("DELETE", EXTERN_ID="k1", EMAIL=sha("a"), PHONE=sha("p"))
    assert audiences.truth.members("meta", "vip") == ["EXTERN_ID:k2"]


def test_google_removes_by_the_e_mail_that_was_sent(audiences: Audiences) -> None:
    audiences.google("ingest", emailAddress=sha("old"), phoneNumber=sha("p"))
    audiences.google("ingest", emailAddress=sha("new"), phoneNumber=sha("p"))
    assert audiences.count("google") == 2
    audiences.google("remove", emailAddress=sha("old"))
    assert audiences.count("google") == 1
    audiences.google("remove", phoneNumber=sha("p"))
    assert audiences.count("google") == 1
    audiences.google("remove", emailAddress=sha("new"), phoneNumber=sha("p"))
    assert audiences.count("google") == 0
