"""A plan's file: equal rows give equal bytes, slices give every row once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.activation.plan_file import (
    SCHEMA,
    code_version,
    destination_seal,
    read_rows,
    seal_hash,
    write_rows,
)
from orchestration.settings import DestinationSettings, Secret


def batches(count: int) -> Iterator[pa.RecordBatch]:
    for number in range(count):
        yield pa.RecordBatch.from_pylist(
            [{"operation": "add", "key": f"{number}-{n}"} for n in range(7)], SCHEMA
        )


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    digests = {write_rows(tmp_path / str(n), batches(3)) for n in range(2)}
    assert len(digests) == 1
    assert write_rows(tmp_path / "other", batches(4)) not in digests


def test_of_a_plan_that_the_disk_has_no_room_for_nothing_stays(tmp_path: Path) -> None:
    def until_full() -> Iterator[pa.RecordBatch]:
        yield from batches(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_rows(tmp_path / "rows", until_full())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", [0, 1, 5, 7, 20, 21])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_reading_goes_on_at_any_row(tmp_path: Path, start: int, size: int) -> None:
    write_rows(tmp_path / "rows", batches(3))
    every = [f"{number}-{n}" for number in range(3) for n in range(7)]
    slices = list(read_rows(tmp_path / "rows", start, size))
    assert [row["key"] for rows in slices for row in rows] == every[start:]
    assert all(len(rows) <= size for rows in slices)


def test_the_seal_names_the_place_but_no_secret_and_no_sandbox_port() -> None:
    account = DestinationSettings(
        "meta", "https://graph.facebook.com", "1", Secret("canary"), {"vip": "42"}
    )
    seal = destination_seal(account, "custom_audience/vip")
    assert seal["object_id"] == "42"
    assert "canary" not in str(seal)
    ports = [replace(account, base_url=f"http://127.0.0.1:{port}") for port in (1, 2)]
    assert len({seal_hash(destination_seal(port, "x/vip")) for port in ports}) == 1
    assert seal_hash(seal) != seal_hash(destination_seal(ports[0], "x/vip"))


def test_the_code_version_is_stable_and_names_the_package_version() -> None:
    assert code_version() == code_version()
    assert "+" in code_version()
