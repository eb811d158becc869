"""Publish a green build: a snapshot that readers hold, and facts that the ledger keeps.

What lives here: the export of public models, the pointer, and what is handed to the ledger.
What never does: rules of a model; opt-ins; the ``activation`` schema (plans read it, nobody else).
"""

from orchestration.publish.relations import PublishError
from orchestration.publish.snapshot import (
    KEPT_SNAPSHOTS,
    POINTER,
    PublishReport,
    identifier_digest,
    publish,
    warehouse_digest,
)

__all__ = [
    "KEPT_SNAPSHOTS",
    "POINTER",
    "PublishError",
    "PublishReport",
    "identifier_digest",
    "publish",
    "warehouse_digest",
]
