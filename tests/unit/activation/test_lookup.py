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
    assert lookup.customer_ids({mail("c1@example.test")}) == {"c1"}
    assert lookup.customer_ids({mail("now-c1@example.test"), PHONE}) == {"c1", "c2"}
    assert lookup.customer_ids({("customer_id", "c9")}) == {"c9"}
    assert lookup.customer_ids({mail("nobody@example.test")}) == set()
    assert lookup.subjects_of("c2") == {
        mail("c2@example.test"), mail("now-c2@example.test"), PHONE,
    }  # fmt: skip


def test_a_digest_of_another_type_is_no_match(settings: Settings, ledger: Ledger) -> None:
    published(settings, ledger)
    assert SnapshotLookup(settings).customer_ids({("email_sha256", PHONE[1])}) == set()


def test_a_shared_address_leads_to_all_who_share_it(settings: Settings, ledger: Ledger) -> None:
    with duckdb.connect(str(settings.warehouse)) as warehouse:
        warehouse.execute("update customer.dim_customers set email = ' Shared@Example.test '")
    published(settings, ledger)
    lookup = SnapshotLookup(settings)
    assert lookup.customer_ids({mail("shared@example.test")}) == {"c0", "c1", "c2"}


def test_it_follows_the_pointer(settings: Settings, ledger: Ledger) -> None:
    lookup = SnapshotLookup(settings)
    assert lookup.customer_ids({mail("c3@example.test")}) == set(), "nothing published yet"
    published(settings, ledger)
    assert lookup.customer_ids({mail("c3@example.test")}) == set()
    build(settings, customers=4)
    published(settings, ledger)
    assert lookup.customer_ids({mail("c3@example.test")}) == {"c3"}


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
        SnapshotLookup(settings).customer_ids({mail("c1@example.test")})
    assert not file.exists() or how != "no such file", "a reader makes no file"


def test_the_lookup_holds_no_address(settings: Settings, ledger: Ledger) -> None:
    content = (published(settings, ledger).folder / "lookup.sqlite").read_bytes()
    assert b"example.test" not in content
    assert b"+1650555" not in content
    assert sha("c1@example.test").encode() in content
