"""A person leaves what is published: the snapshot is written anew without her, older ones go.

What lives here: copying the files of the current snapshot but for her rows, ``lookup.sqlite`` and
``contacts.sqlite`` included.
What never does: the warehouse (its build may not be green); who she is; models.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ledger.audit import canonical_json
from orchestration.publish import snapshot
from orchestration.publish.contacts import CONTACTS_FILE
from orchestration.publish.relations import ROWS_TOGETHER
from orchestration.settings import Settings

MANIFEST = "manifest.json"


def erase_from_snapshot(
    settings: Settings,
    customer_ids: Collection[str],
    tokens: Collection[str],
    pattern: str,
    at: datetime,
) -> int:
    """Write the current snapshot anew without her and drop every other; how many rows left it.

    Rows of money under her id stay until the next build: nothing in them names her then.

    Args:
        tokens: her addresses and their digests, in lower case.
        pattern: finds a token as a whole in text in lower case.
    """
    folder = settings.snapshot.resolve()
    if not settings.snapshot.exists():
        return 0
    temporary = settings.published_dir / ".building-erased"
    shutil.rmtree(temporary, ignore_errors=True)
    shutil.copytree(folder, temporary)
    content = json.loads((temporary / MANIFEST).read_text(encoding="utf-8"))
    gone = sum(
        _rewrite(temporary, one, customer_ids, pattern) for one in content["tables"]
    )
    gone += _rewrite_lookup(temporary / snapshot.LOOKUP_FILE, customer_ids, tokens)
    gone += _rewrite_contacts(temporary / CONTACTS_FILE, customer_ids, pattern)
    if not gone:
        shutil.rmtree(temporary)
        _drop_others(settings, folder)
        return 0
    for name, file in (("lookup", snapshot.LOOKUP_FILE), ("contacts", CONTACTS_FILE)):
        if name in content:
            held = (temporary / file).read_bytes()
            content[name]["sha256"] = hashlib.sha256(held).hexdigest()
    digests = canonical_json([[one["table"], one["sha256"]] for one in content["tables"]])
    content["build_id"] = hashlib.sha256(f"{digests}|{folder.name}".encode()).hexdigest()[:16]
    (temporary / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")
    snapshot.make_durable(temporary)
    final = settings.published_dir / content["build_id"]
    temporary.rename(final)
    snapshot.point(settings, final, at)
    _drop_others(settings, final)
    return gone


def _rewrite(
    folder: Path, table: dict[str, Any], customer_ids: Collection[str], pattern: str
) -> int:
    file = folder / f"{table['table']}.parquet"
    with duckdb.connect() as connection:
        connection.execute("create table built as select * from read_parquet(?)", [str(file)])
        gone = delete_hers(connection, "built", table["table"].partition(".")[0],
                           customer_ids, pattern)  # fmt: skip
        if gone:
            file.unlink()
            connection.execute(
                f"copy (select * from built order by all) to '{file}'"
                " (format parquet, compression zstd)"
            )
            table["row_count"] -= gone
            reader = connection.execute(
                "select sha256(cast(to_json(built) as varchar)) as row_digest from built"
                " order by row_digest"
            ).to_arrow_reader(ROWS_TOGETHER)
            digest = hashlib.sha256()
            for batch in reader:
                digest.update("".join(batch.column(0).to_pylist()).encode())
            table["sha256"] = digest.hexdigest()
    return gone


# Figures of money stay whole: the next build gives them to nobody.
MONEY_SCHEMAS = ("attribution", "commerce", "delivery", "margin")


def delete_hers(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    schema: str,
    customer_ids: Collection[str],
    pattern: str,
) -> int:
    """Delete rows under her ids, but for money, and rows in which a text betrays her."""
    columns = connection.execute(f"describe select * from {relation}").fetchall()
    texts = [
        'cast("' + row[0].replace('"', '""') + '" as varchar)'
        for row in columns
        if row[1] in ("VARCHAR", "JSON") or row[1].endswith("[]") or row[1].startswith("STRUCT")
    ]
    conditions: list[str] = []
    values: list[object] = []
    if texts:
        conditions.append(f"regexp_matches(lower(concat_ws(chr(10), {', '.join(texts)})), ?)")
        values.append(pattern)
    if schema not in MONEY_SCHEMAS and "customer_id" in {row[0] for row in columns}:
        conditions.append("cast(customer_id as varchar) in (select unnest(?))")
        values.append(sorted(customer_ids))
    if not conditions:
        return 0
    row = connection.execute(
        f"delete from {relation} where {' or '.join(conditions)}", values
    ).fetchone()
    return int(row[0]) if row else 0


def _rewrite_lookup(
    file: Path, customer_ids: Collection[str], tokens: Collection[str]
) -> int:
    gone = 0
    with closing(sqlite3.connect(file)) as lookup:
        places = ", ".join("?" for _ in customer_ids)
        with lookup:
            for table in ("identifier", "profile", "subject"):
                gone += lookup.execute(
                    f"delete from {table} where customer_id in ({places})", sorted(customer_ids)
                ).rowcount
            places = ", ".join("?" for _ in tokens)
            gone += lookup.execute(
                f"delete from subject where subject_value in ({places})", sorted(tokens)
            ).rowcount
        lookup.execute("vacuum")
    return gone


def _rewrite_contacts(file: Path, customer_ids: Collection[str], pattern: str) -> int:
    """Contact data under her ids, or that betrays her under another's."""
    if not file.exists():
        # Published by a version that wrote none.
        return 0
    found = re.compile(pattern)
    with closing(sqlite3.connect(file)) as contacts:
        contacts.create_function(
            "betrays", 1, lambda text: bool(found.search((text or "").lower())), deterministic=True
        )
        places = ", ".join("?" for _ in customer_ids)
        with contacts:
            gone = contacts.execute(
                f"delete from contact where customer_id in ({places}) or betrays(contact_json)",
                sorted(customer_ids),
            ).rowcount
        contacts.execute("vacuum")
    return gone


def _drop_others(settings: Settings, kept: Path) -> None:
    for entry in settings.published_dir.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry != kept:
            shutil.rmtree(entry)
