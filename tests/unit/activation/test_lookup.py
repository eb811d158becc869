"""Who an address belongs to: from the snapshot that is published now, by digests only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.activation.lookup import NoLookupError, SnapshotLookup
from orchestration.ledger import Ledger, open_ledger
from orchestration.settings import Settings
from tests.unit.activation.world import settings_in, sha
from tests.unit.test_publish import build, published

PHONE = ("phone_sha256", sha("+16505550002"))


def mail(address: str) -> tuple[str, str]:
    return ("email_sha256", sha(address))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    build(made)
    return made


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with open_ledger(settings) as opened:
        yield opened


def test_an_address_leads_to_its_customer_and_back(settings: Settings, ledger: Ledger) -> None:
    published(settings, ledger)
    lookup = SnapshotLookup(settings)
    first, now = mail("c1@example.test"), mail("now-c1@example.test")
    nobody, herself = mail("nobody@example.test"), ("customer_id", "c9")
    assert lookup.owners({first, now, PHONE, nobody, herself}) == {
        first: {"c1"}, now: {"c1"}, PHONE: {"c2"}, herself: {"c9"},
    }  # fmt: skip
    found = lookup.subjects_of({"c1", "c2", "c9"})
    assert found["c2"] == {mail("c2@example.test"), mail("now-c2@example.test"), PHONE}
    assert {first, now} <= found["c1"]
    assert "c9" not in found


def test_a_digest_of_another_type_is_no_match(settings: Settings, ledger: Ledger) -> None:
    published(settings, ledger)
    assert SnapshotLookup(settings).owners({("email_sha256", PHONE[1])}) == {}


def test_a_shared_address_leads_to_all_who_share_it(settings: Settings, ledger: Ledger) -> None:
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("update customer.dim_customers set email = ' Shared@Example.test '")
    published(settings, ledger)
    lookup = SnapshotLookup(settings)
    shared = mail("shared@example.test")
    assert lookup.owners({shared}) == {shared: {"c0", "c1", "c2"}}


def test_it_follows_the_pointer(settings: Settings, ledger: Ledger) -> None:
    lookup = SnapshotLookup(settings)
    newest = mail("c3@example.test")
    assert lookup.owners({newest}) == {}, "nothing published yet"
    published(settings, ledger)
    assert lookup.owners({newest}) == {}
    build(settings, customers=4)
    published(settings, ledger)
    assert lookup.owners({newest}) == {newest: {"c3"}}


@pytest.mark.parametrize("how", ["no such table", "no such file", "no database"])
def test_an_older_snapshot_says_what_to_do(
    settings: Settings, ledger: Ledger, how: str
) -> None:
    folder = published(settings, ledger).folder
    file = folder / "lookup.sqlite"
    if how == "no such table":
        import sqlite3

        connection = sqlite3.connect(file)
        connection.execute("drop table subject")
        connection.commit()
        connection.close()
    elif how == "no such file":
        file.unlink()
    else:
        file.write_text("nothing" * 100, encoding="utf-8")
    with pytest.raises(NoLookupError, match="tributary publish"):
        SnapshotLookup(settings).owners({mail("c1@example.test")})
    assert not file.exists() or how != "no such file", "a reader makes no file"


def test_the_lookup_holds_no_address(settings: Settings, ledger: Ledger) -> None:
    content = (published(settings, ledger).folder / "lookup.sqlite").read_bytes()
    assert b"example.test" not in content
    assert b"+1650555" not in content
    assert sha("c1@example.test").encode() in content
