"""The record of rows: additions, also of those who are in, removals, profiles, each at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.sandbox.row_log import RowLog
from orchestration.sandbox.truth import Truth


@pytest.fixture
def truth(tmp_path: Path) -> Iterator[Truth]:
    made = Truth(tmp_path)
    yield made
    made.close()


def test_each_change_is_noted_at_its_moment(truth: Truth) -> None:
    log = RowLog(truth).install()
    log.stamp(3)
    truth.add_members("meta", "vip", [("EXTERN_ID:c1", "EMAIL:a")])
    log.stamp(4)
    truth.remove_members("meta", "vip", [("EXTERN_ID:c1", "EMAIL:a"), ("nobody", "EMAIL:b")])
    truth.save_profile("P1", {"external_id": "c1", "email": "Ann@x.example"})
    assert [
        (row.moment, row.change, row.vendor, row.object_id, row.member, row.identifier)
        for row in log.rows()
    ] == [
        (3, "add", "meta", "vip", "EXTERN_ID:c1", "EMAIL:a"),
        (4, "remove", "meta", "vip", "EXTERN_ID:c1", "EMAIL:a"),
        (4, "save", "klaviyo", "profiles", "c1", "ann@x.example"),
    ]


def test_adding_somebody_who_is_in_is_noted_as_well(truth: Truth) -> None:
    log = RowLog(truth).install()
    for _ in range(2):
        truth.add_members("meta", "vip", [("EXTERN_ID:c1", "EMAIL:a")])
    assert [row.change for row in log.rows()] == ["add", "add"]
    assert log.member_pairs("meta", "vip") == {("EXTERN_ID:c1", "EMAIL:a")}


def test_the_record_survives_the_process_and_can_be_stopped(truth: Truth, tmp_path: Path) -> None:
    RowLog(truth).install()
    truth.add_members("google", "vip", [("a", "a")])
    again = Truth(tmp_path)
    log = RowLog(again).install()
    again.add_members("google", "vip", [("b", "b")])
    assert len(log.rows()) == 2
    log.stop()
    again.add_members("google", "vip", [("c", "c")])
    assert len(log.rows()) == 2
    again.close()


def test_without_it_nothing_is_noted(truth: Truth) -> None:
    truth.add_members("meta", "vip", [("m", "i")])
    tables = truth.query("select name from sqlite_master where name = 'row_log'")
    assert tables == []
