"""The file holds the whole object after any changes, and a kill leaves the old or the new one."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from orchestration.destinations.base import (
    FatalError,
    ReadBack,
    Receipt,
    RetriableError,
    Row,
    idempotency,
)
from orchestration.destinations.file.mirror import FileMirror
from orchestration.destinations.registry import open_destination
from orchestration.errors import ConfigurationError
from orchestration.settings import DestinationSettings, Settings

TEXTS = st.text(alphabet="ab=+-@',\"\r\n é1", max_size=6)
KEYS = st.text(alphabet="abz=+'", min_size=1, max_size=3)


def mirror(home: Path, name: str = "vip") -> FileMirror:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(home)}).destinations["file"]
    destination = open_destination("file", f"file/{name}", settings)
    assert isinstance(destination, FileMirror)
    return destination


def row(key: str, **payload: Any) -> Row:
    return Row(key, {"email": f"{key}@example.com", "order_count": 1, **payload})


def content(home: Path, name: str = "vip") -> bytes:
    return (home / "files" / name / f"{name}.csv").read_bytes()


def contract(home: Path, name: str = "vip") -> dict[str, Any]:
    return dict(json.loads((home / "files" / name / f"{name}.contract.json").read_text()))


def as_a_reader(home: Path, name: str = "vip") -> dict[str, dict[str, str]]:
    """What a tool gets that follows the contract."""
    folder = home / "files" / name
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        entry["row_key"].removeprefix("'"): {
            column: text.removeprefix("'") for column, text in entry.items() if column != "row_key"
        }
        for entry in rows
    }


def test_the_file_has_the_rows_and_the_contract_says_what_they_are(tmp_path: Path) -> None:
    receipts = mirror(tmp_path).upsert(
        [row("b", note='a "b", c\nd'), row("a", note="=1+1"), row("c", note=None)]
    )
    assert receipts == [Receipt(key, "accepted", vendor_id=key) for key in "bac"]
    assert content(tmp_path) == (
        b"row_key,email,order_count,note\r\n"
        b"a,a@example.com,1,'=1+1\r\n"
        b'b,b@example.com,1,"a ""b"", c\nd"\r\n'
        b"c,c@example.com,1,\r\n"
    )
    said = contract(tmp_path)
    assert (said["object"], said["key"], said["row_count"]) == ("file/vip", "row_key", 3)
    assert said["columns"] == [
        {"name": "row_key", "type": "text"},
        {"name": "email", "type": "text"},
        {"name": "order_count", "type": "number"},
        {"name": "note", "type": "text"},
    ]
    assert said["sha256"] == hashlib.sha256(content(tmp_path)).hexdigest()


def test_only_this_user_may_read_it_and_nothing_else_lies_there(tmp_path: Path) -> None:
    mirror(tmp_path).upsert([row("a")])
    folder = tmp_path / "files" / "vip"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert names == {"vip.csv": 0o600, "vip.contract.json": 0o600}


def test_a_batch_changes_its_rows_and_keeps_the_others(tmp_path: Path) -> None:
    plugin = mirror(tmp_path)
    plugin.upsert([row("a"), row("c"), row("e")])
    plugin.upsert([row("b"), row("c", order_count=9), row("f")])
    receipts = plugin.remove([row("a"), row("never")])
    assert [receipt.reason for receipt in receipts] == [None, "nothing_to_remove"]
    assert {key: entry["order_count"] for key, entry in as_a_reader(tmp_path).items()} == {
        "b": "1", "c": "9", "e": "1", "f": "1",
    }
    assert contract(tmp_path)["row_count"] == 4
    assert list(plugin.read_back()) == ["b", "c", "e", "f"]
    assert isinstance(plugin, ReadBack)
    assert idempotency(plugin) == "upsert"


def test_the_same_batch_twice_and_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [row(key) for key in "dacb"]
    for home, parts in (("one", [rows]), ("two", [rows[:1], rows[::-1], rows])):
        for part in parts:
            mirror(tmp_path / home).upsert(part)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert contract(tmp_path / "one") == contract(tmp_path / "two")


def test_a_column_comes_at_once_and_goes_with_its_last_value(tmp_path: Path) -> None:
    plugin = mirror(tmp_path)
    plugin.upsert([Row("a", {"x": "1", "old": "v"}), Row("b", {"x": "1", "old": "v"})])
    plugin.upsert([Row("a", {"x": "2", "new": 5})])
    assert as_a_reader(tmp_path) == {
        "a": {"x": "2", "new": "5", "old": ""}, "b": {"x": "1", "new": "", "old": "v"},
    }
    plugin.upsert([Row("b", {"x": "2", "new": None})])
    assert as_a_reader(tmp_path) == {"a": {"x": "2", "new": "5"}, "b": {"x": "2", "new": ""}}
    assert contract(tmp_path)["columns"][2] == {"name": "new", "type": "number"}
    plugin.remove([Row("a", {}), Row("b", {})])
    assert content(tmp_path) == b"row_key,x,new\r\n"


@effort(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.dictionaries(KEYS, st.fixed_dictionaries({"x": TEXTS, "y": TEXTS}), max_size=5),
        ),
        max_size=6,
    )
)
def test_after_any_changes_it_holds_what_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[bool, dict[str, dict[str, str]]]],
) -> None:
    home = tmp_path_factory.mktemp("any")
    model: dict[str, dict[str, str]] = {}
    for is_in, entries in [(True, {"first": {"x": "1", "y": "2"}}), *batches]:
        rows = [Row(key, payload) for key, payload in entries.items()]
        plugin = mirror(home)
        if is_in:
            plugin.upsert(rows)
            model.update(entries)
        else:
            plugin.remove(rows)
            model = {key: entry for key, entry in model.items() if key not in entries}
    assert as_a_reader(home) == model
    assert contract(home)["sha256"] == hashlib.sha256(content(home)).hexdigest()
    assert contract(home)["row_count"] == len(model)
    assert sorted(mirror(home).read_back()) == sorted(model)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Row("", {"x": 1}), "no_key"),
        (Row("k", {"row_key": "x"}), "reserved_column:row_key"),
        (Row("k", {"x": "a\0b"}), "nul_in_text"),
        (Row("k", {"x": "\ud800"}), "not_json"),
        (Row("k", {"x": float("nan")}), "not_json"),
        (Row("k", {"x": "y" * 100_001}), "row_too_large"),
    ],
)
def test_a_row_that_no_file_can_hold_is_refused_and_the_others_stand(
    tmp_path: Path, bad: Row, reason: str
) -> None:
    receipts = mirror(tmp_path).upsert([row("a"), bad])
    assert [(r.verdict, r.reason) for r in receipts] == [("accepted", None), ("rejected", reason)]
    assert list(as_a_reader(tmp_path)) == ["a"]


KILLED = """
import sys
from pathlib import Path
from tests.unit.destinations.file.test_mirror import mirror, row
mirror(Path(sys.argv[1])).upsert([row("b", order_count=2), row("c")])
"""


@pytest.mark.parametrize(
    ("point", "is_new", "is_told"),
    [
        ("file_before_replacement:1", False, True),
        ("file_between_replacements:1", True, False),
        ("file_before_replacement:2", True, False),
    ],
)
def test_a_kill_leaves_the_old_or_the_new_file_and_the_next_run_mends_it(
    tmp_path: Path, point: str, is_new: bool, is_told: bool
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for home in (whole, killed):
        mirror(home).upsert([row("a"), row("b")])
    old = content(killed)
    environment = {**os.environ, "TRIBUTARY_KILL_AT": point}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(killed)], env=environment, capture_output=True
    )
    assert done.returncode == -9, done.stderr
    mirror(whole).upsert([row("b", order_count=2), row("c")])
    assert content(killed) == (content(whole) if is_new else old)
    # The contract tells a reader that it came between the two.
    digest = hashlib.sha256(content(killed)).hexdigest()
    assert (contract(killed)["sha256"] == digest) == is_told
    mirror(killed).upsert([row("b", order_count=2), row("c")])
    assert content(killed) == content(whole)
    assert contract(killed) == contract(whole)
    assert len(list((killed / "files" / "vip").iterdir())) == 2


@pytest.mark.parametrize("name", ["../vip", "Vip", "a/b", ".", "a.csv", "a" * 64])
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="names no file"):
        mirror(tmp_path, name)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "vip").symlink_to(outside)
    with pytest.raises(ConfigurationError, match="is a link"):
        mirror(tmp_path)
    plugin = mirror(tmp_path, "other")
    plugin.table.folder.mkdir()
    (plugin.table.folder / ".other.csv.new").symlink_to(outside / "target")
    with pytest.raises(RetriableError):
        plugin.upsert([row("a")])
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"email\r\na@example.com\r\n",
        b"row_key,x\r\nb,1\r\na,1\r\n",
        b"row_key,x\r\na,1,2\r\n",
        b"row_key,x\r\na,\xff\r\n",
        b'row_key,x\r\na,"open\r\n',
    ],
)
def test_a_file_that_was_edited_is_left_alone(tmp_path: Path, text: bytes) -> None:
    plugin = mirror(tmp_path)
    plugin.table.folder.mkdir(parents=True)
    plugin.table.file.write_bytes(text)
    with pytest.raises(FatalError) as raised:
        plugin.upsert([row("k")])
    assert "Move it away" in raised.value.remedy
    assert content(tmp_path) == text


def test_a_contract_that_was_edited_is_said(tmp_path: Path) -> None:
    plugin = mirror(tmp_path)
    plugin.upsert([row("a")])
    plugin.table.contract.write_text("{}")
    with pytest.raises(FatalError, match="contract"):
        plugin.upsert([row("b")])


def test_a_folder_that_cannot_be_written_stops_and_a_full_disk_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = mirror(tmp_path)
    plugin.upsert([row("a")])
    old = content(tmp_path)
    for error, expected in (
        (PermissionError(13, "Permission denied"), FatalError),
        (OSError(28, "No space left on device"), RetriableError),
    ):

        def fail(_: int, failure: OSError = error) -> None:
            raise failure

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(expected):
                plugin.upsert([row("b")])
        assert content(tmp_path) == old


def test_a_file_counts_as_this_machine(tmp_path: Path) -> None:
    settings = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)}).destinations["file"]
    assert settings.is_loopback
    assert settings.secret is None
    assert not DestinationSettings("meta", "https://graph.facebook.com", "", None).is_loopback
