"""A person leaves the snapshot: files and look-up are written anew, older snapshots are gone."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq

from orchestration.ledger import open_ledger
from orchestration.publish.erased import erase_from_snapshot
from tests.unit.activation.world import START, Clock, settings_in, sha
from tests.unit.test_publish import build, published

EMAIL = "now-c1@example.test"


def test_she_leaves_every_file_and_every_older_snapshot(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with open_ledger(settings) as ledger:
        build(settings)
        published(settings, ledger)
        build(settings, customers=4)
        clock = Clock()
        clock.sleep(60)
        before = published(settings, ledger, clock)
    pattern = f"(?:^|[^a-z]){EMAIL}"
    gone = erase_from_snapshot(settings, {"c1"}, {EMAIL, sha("c1@example.test")}, pattern, START)
    assert gone > 0
    folder = settings.snapshot.resolve()
    assert folder != before.folder
    assert [one.name for one in settings.published_dir.iterdir() if one.is_dir()
            and not one.is_symlink()] == [folder.name]  # fmt: skip
    customers = pq.read_table(folder / "customer.dim_customers.parquet").to_pylist()
    assert [row["customer_id"] for row in customers] == ["c0", "c2", "c3"]
    assert pq.read_table(folder / "commerce.fct_orders.parquet").num_rows == 4, "money stays"
    lookup = sqlite3.connect(folder / "lookup.sqlite")
    for table in ("identifier", "profile", "subject"):
        left = {row[0] for row in lookup.execute(f"select customer_id from {table}")}
        assert left == {"c0", "c2", "c3"}
    lookup.close()
    contacts = sqlite3.connect(folder / "contacts.sqlite")
    left = {row[0] for row in contacts.execute("select customer_id from contact")}
    assert left == {"c0", "c2", "c3"}
    contacts.close()
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert content["build_id"] == folder.name
    for name in ("lookup", "contacts"):
        held = (folder / f"{name}.sqlite").read_bytes()
        assert content[name]["sha256"] == hashlib.sha256(held).hexdigest()
        assert EMAIL.encode() not in held
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())
    assert erase_from_snapshot(settings, {"c1"}, {EMAIL}, pattern, START) == 0
    assert settings.snapshot.resolve() == folder, "a second time changes nothing"
