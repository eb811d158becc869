"""Where the tests' ledgers stand: a file always, a Postgres server where one is named.

What lives here: the URL of a ledger that nobody used before, and its removal.
What never does: assertions.

``TRIBUTARY_TEST_POSTGRES_URL`` names an empty database that these tests may fill with schemas, for
example ``postgresql+psycopg://user@127.0.0.1:5432/ledger``; its driver is the extra ``postgres``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from sqlalchemy import create_engine

SERVER = os.environ.get("TRIBUTARY_TEST_POSTGRES_URL")
STORES = ("sqlite", "postgres") if SERVER else ("sqlite",)


@contextmanager
def new_ledger(store: str, home: Path) -> Iterator[str]:
    """The URL of an empty ledger in this kind of store; gone afterwards."""
    if store == "sqlite":
        yield f"sqlite:///{home / 'ledger.sqlite'}"
        return
    assert SERVER is not None
    schema = f"ledger_{uuid4().hex}"
    admin = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"create schema {schema}")
        joint = "&" if "?" in SERVER else "?"
        yield f"{SERVER}{joint}options={quote(f'-csearch_path={schema}')}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"drop schema {schema} cascade")
    finally:
        admin.dispose()
