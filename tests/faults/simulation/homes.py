"""Folders for worlds: an empty ledger, an approver, vendors with a stranger each.

What lives here: the template, copies of it, the settings of a home.
What never does: what happens in it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from orchestration.activation.approval import create_key
from orchestration.ledger import open_ledger
from orchestration.sandbox.row_log import RowLog
from orchestration.sandbox.server import sandbox_environment
from orchestration.sandbox.truth import Truth
from orchestration.settings import Settings
from tests.faults.simulation.control import START
from tests.faults.simulation.people import OBJECTS

FOREIGN = {"meta": "EXTERN_ID:foreign", "google": "emailAddress:foreign", "klaviyo": "foreign"}


def sandbox_base() -> str:
    return "http://127.0.0.1:9"


@lru_cache(maxsize=1)
def template() -> Path:
    """A home with an empty ledger and an approver, and vendors with nobody in them."""
    folder = _own_folder("simulation")
    settings = settings_in(folder)
    public = create_key(folder / "approver.key")
    (folder / "approvers.yml").write_text(f"- name: ann\n  public_key: {public}\n")
    open_ledger(settings, now=lambda: START).close()
    truth = Truth(folder / "vendors")
    truth.add_objects(
        {
            vendor: [name.rpartition("/")[2] for name in names if name != "profiles"]
            for vendor, names in OBJECTS.items()
        }
    )
    RowLog(truth).install()
    for vendor, member in FOREIGN.items():
        truth.add_members(vendor, "vip", [(member, "" if vendor == "klaviyo" else member)])
    truth.query("delete from row_log returning 1")
    truth.close()
    return folder


def fast_disk() -> str | None:
    """A folder in memory where the machine has one: simulated deaths leave the disk alone."""
    chosen = os.environ.get("SIMULATION_DISK", "/dev/shm")
    return chosen if os.access(chosen, os.W_OK) else None


def _own_folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=fast_disk()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def settings_in(home: Path) -> Settings:
    return Settings.from_env(
        {
            **sandbox_environment(sandbox_base()),
            "TRIBUTARY_HOME": str(home),
            "TRIBUTARY_APPROVERS_FILE": str(home / "approvers.yml"),
            "TRIBUTARY_APPROVER_KEY_FILE": str(home / "approver.key"),
        }
    )


@lru_cache(maxsize=1)
def home_folder() -> Path:
    return _own_folder("simulated")
