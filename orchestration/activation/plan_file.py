"""The rows of a plan: one immutable Parquet file, named by the plan's hash.

What lives here: writing it in one fixed form, its digest, reading it in slices; what a seal covers
and the hash over that.
What never does: the diff (``plan.py``), the ledger.

The file holds what will be sent, so its mode is 0600.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.activation.errors import NotDeliverableError
from orchestration.activation.spec import SyncSpec
from orchestration.ledger.audit import canonical_json, fsync_folder
from orchestration.settings import DestinationSettings, Settings

SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in (
            "operation",
            "key",
            "row_hash",
            "payload_json",
            "prior_payload_json",
            "vendor_id",
            "reason",
        )
    ]
)
ROWS_IN_GROUP = 10_240


def write_rows(file: Path, batches: Iterable[pa.RecordBatch]) -> str:
    """Write batches durably to a temporary ``file``, which goes where that fails; equal rows give
    equal bytes.

    Returns:
        SHA-256 of the file, hex.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with pq.ParquetWriter(stream, SCHEMA, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch, row_group_size=ROWS_IN_GROUP)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        # It holds people, and a full disk needs its room.
        file.unlink(missing_ok=True)
        raise
    return file_digest(file)


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def publish_file(temporary: Path, final: Path) -> None:
    """Give the file its name for good: whole under that name, or not there."""
    temporary.replace(final)
    fsync_folder(final.parent)


def plan_path(settings: Settings, plan_hash: str) -> Path:
    """Where the rows of a plan stand."""
    return settings.plans_dir / f"{plan_hash}.parquet"


def batches(file: Path) -> Iterator[pa.RecordBatch]:
    """The file's rows, group by group: operations come one after another."""
    with pq.ParquetFile(file) as parquet:
        for group in range(parquet.num_row_groups):
            yield from parquet.iter_batches(batch_size=ROWS_IN_GROUP, row_groups=[group])


def read_rows(file: Path, start: int, size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows from number ``start`` on, in lists of at most ``size``."""
    position = 0
    with pq.ParquetFile(file) as parquet:
        for batch in parquet.iter_batches(batch_size=size):
            skipped = min(max(start - position, 0), batch.num_rows)
            position += batch.num_rows
            if skipped < batch.num_rows:
                yield batch.slice(skipped).to_pylist()


def seal_of(
    spec: SyncSpec,
    destination: DestinationSettings,
    *,
    rows_digest: str,
    delivered_version: int,
    previous_plan_hash: str | None,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything that a plan's hash covers. ``previous_plan_hash`` keeps a plan that comes back
    after a finished one from wearing that one's hash; ``facts`` are what people approve it by:
    counts, fields, guards, coverage, how many must sign."""
    return {
        **facts,
        "rows_digest": rows_digest,
        "spec": {
            "model": f"{spec.schema}.{spec.model}",
            "destination": spec.destination,
            "object": spec.object,
            "key": spec.key,
            "kind": spec.kind,
            "purpose": spec.purpose,
        },
        "destination": destination_seal(destination, spec.object),
        "code_version": code_version(),
        "delivered_version": delivered_version,
        "previous_plan_hash": previous_plan_hash,
    }


def destination_seal(destination: DestinationSettings, object_name: str) -> dict[str, str]:
    """The settings that decide where rows go; no secret."""
    return {
        # A sandbox listens on another port each day and is the same place.
        "base_url": "loopback" if destination.is_loopback else destination.base_url,
        "account_id": destination.account_id,
        "object_id": destination.object_id(object_name.rpartition("/")[2]),
    }


def seal_hash(seal: Mapping[str, Any]) -> str:
    """The plan's hash: SHA-256 of the seal in canonical JSON, hex."""
    return hashlib.sha256(canonical_json(seal).encode()).hexdigest()


def code_version() -> str:
    """Version of the package and digest of the code that builds and sends rows."""
    digest = hashlib.sha256()
    package = Path(__file__).resolve().parent.parent
    for file in sorted(
        file for room in ("activation", "destinations") for file in (package / room).rglob("*.py")
    ):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{version('tributary-cdp')}+{digest.hexdigest()[:12]}"


def check_rows(settings: Settings, plan_hash: str, seal_json: str) -> None:
    """Prove that seal and rows are those that the hash names.

    Raises:
        NotDeliverableError: the file is missing, or file or seal were changed after sealing.
    """
    seal = json.loads(seal_json)
    file = plan_path(settings, plan_hash)
    if seal_hash(seal) != plan_hash or not file.exists():
        raise _changed(plan_hash, "is incomplete")
    if file_digest(file) != seal["rows_digest"]:
        raise _changed(plan_hash, "was changed after it was sealed")


def _changed(plan_hash: str, how: str) -> NotDeliverableError:
    return NotDeliverableError(
        f"Plan {plan_hash[:12]} {how}.", remedy="Run 'tributary plan' and approve the new plan."
    )
