"""The contract beside a file: what a reader may rely on.

What lives here: its form, and the types of columns that outlive a batch.
What never does: rows, or a time: equal files have equal contracts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestration.destinations.base import FatalError
from orchestration.destinations.file.cells import CellType
from orchestration.destinations.file.replacing import replaced

VERSION = 1
KEY = "row_key"
# The type of a column that has held no value yet.
UNKNOWN = "unknown"
FORMAT = (
    "CSV of RFC 4180, UTF-8, one header line, CRLF; an empty cell is no value;"
    " drop one leading apostrophe from a text cell"
)


def read_types(file: Path) -> dict[str, CellType | None]:
    """The types of columns by name; none where there is no contract yet.

    Raises:
        FatalError: what stands there was not written here.
    """
    try:
        columns = json.loads(file.read_text(encoding="utf-8"))["columns"]
        typed = [column for column in columns if column["type"] != UNKNOWN]
        return {column["name"]: column["type"] for column in typed}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise foreign(file) from None


def write_contract(
    file: Path, name: str, columns: Mapping[str, CellType | None], row_count: int, sha256: str
) -> None:
    """Replace the contract of ``file/<name>``, whose rows have this digest."""
    types = {KEY: "text", **{column: kind or UNKNOWN for column, kind in columns.items()}}
    contract = {
        "object": f"file/{name}",
        "contract_version": VERSION,
        "format": FORMAT,
        "key": KEY,
        "columns": [{"name": column, "type": kind} for column, kind in types.items()],
        "row_count": row_count,
        "sha256": sha256,
    }
    with replaced(file) as stream:
        stream.write(json.dumps(contract, indent=2, ensure_ascii=False) + "\n")


def foreign(file: Path) -> FatalError:
    """Said where a file is not as it was written here."""
    return FatalError(
        f"{file.name} is not as it was written here.",
        remedy="Move it away and deliver the object anew; edit copies only.",
    )
