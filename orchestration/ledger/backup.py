"""Backup and restore of a ledger file: consistent, private, verified, never silently older.

What lives here: copying while others write, putting a copy back, and what that loses.
What never does: a server's ledger (its own tools copy it); a copy that does not verify.

A backup is two files: the ledger and, beside it, the ``.anchor`` that names its newest link.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from orchestration.ledger import audit, gaps
from orchestration.ledger.audit import Anchor, Head
from orchestration.ledger.engine import check_file, check_pages, damaged, sqlite_file
from orchestration.ledger.errors import LeaseHeldError, LedgerDamagedError, LedgerError
from orchestration.ledger.store import WITNESSES, open_ledger
from orchestration.ledger.tables import lease
from orchestration.settings import Settings

_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Backup:
    """A verified copy: its file, how many links it holds."""

    file: Path
    links: int


@dataclass(frozen=True)
class Restored:
    """What a restore put back. ``lost_links``: up to so many links are gone; ``replaced``: where
    the ledger of before stands now, personal data included."""

    links: int
    lost_links: int
    replaced: Path | None


def back_up(settings: Settings, target: Path) -> Backup:
    """Copy the ledger as it is at one moment, while others go on writing, and verify the copy.

    Raises:
        LedgerError: the target exists, or the ledger is on a server.
        LedgerDamagedError: ledger or copy do not verify; no copy is left then.
    """
    source = _file_of(settings)
    if target.exists() or _anchor_of(target).exists():
        raise LedgerError(f"{target.name} exists already.", remedy="Choose another file.")
    # The anchor first: what it names must stand in every later copy.
    anchored = Anchor(_anchor_of(source)).read()
    if not source.exists():
        raise damaged(source.name, "is missing")
    check_file(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _copy(source, temporary)
        newest, links = _verified(temporary, anchored)
        _write_anchor(target, newest)
        # A link never replaces: two backups cannot both believe that the file is theirs.
        os.link(temporary, target)
        audit.fsync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return Backup(target, links)


def restore(
    settings: Settings,
    backup: Path,
    *,
    reason: str | None,
    actor: str,
    now: Callable[[], datetime],
) -> Restored:
    """Put a backup in the ledger's place; the ledger of before is kept beside it.

    Where the anchor names a link that the backup lacks, opt-outs may be lost: it is refused unless
    a reason is given, and then nothing is sent until a person says that they are in again.

    Raises:
        LedgerError: no backup there, or it is older than the anchor and no reason is given.
        LedgerDamagedError: the backup does not verify.
        LeaseHeldError: a process sends from the ledger.
    """
    file = _file_of(settings)
    backup_anchor = Anchor(_anchor_of(backup)).read()
    if not backup.exists() or backup_anchor is None:
        raise LedgerError(
            f"{backup.name} is no backup: file and .anchor must stand side by side.",
            remedy="Give the file that 'tributary ledger backup' wrote.",
        )
    check_file(backup)
    newest, links = _verified(backup, backup_anchor)
    lost = _lost(backup, Anchor(_anchor_of(file)).read())
    lost_links = 0 if lost is None else max(lost.position - newest.position, 1)
    if lost is not None and not (reason or "").strip():
        raise LedgerError(
            f"{backup.name} ends at link {newest.position} and lacks link {lost.position}, which "
            f"the ledger's anchor names: up to {lost_links} links would be lost, opt-outs among "
            "them.",
            remedy="Give a newer backup, or say with --reason why this one must do.",
        )
    _refuse_while_sending(file, now())
    prepared = _prepare(settings, file, backup, newest)
    if lost is not None:
        _record_gap(settings, prepared, newest, lost, str(reason), actor, now)
    return Restored(links, lost_links, _put_in_place(file, prepared))


def _file_of(settings: Settings) -> Path:
    file = sqlite_file(settings.ledger_url)
    if file is None:
        raise LedgerError(
            "The ledger is on a server.",
            remedy="Use the server's own backup (pg_dump), and keep the .anchor file with it.",
        )
    return file


def _anchor_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.anchor")


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as held,
            closing(sqlite3.connect(target)) as copy,
        ):
            held.backup(copy)
            # One file, without a log beside it.
            copy.execute("pragma journal_mode = delete")
    except sqlite3.Error as error:
        raise damaged(source.name, f"cannot be copied ({type(error).__name__})") from None
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _verified(file: Path, anchored: Head | None) -> tuple[Head, int]:
    """The newest link and the number of links of a whole, unchanged ledger file."""
    engine = _reader(file)
    try:
        with engine.connect() as connection:
            check_pages(connection)
            links = audit.verify_chain(connection, anchored, WITNESSES)
            newest = audit.head(connection)
    except SQLAlchemyError as error:
        raise damaged(file.name, f"cannot be read ({type(error).__name__})") from None
    finally:
        engine.dispose()
    if newest is None:
        raise damaged(file.name, "holds no link")
    return newest, links


def _reader(file: Path) -> Engine:
    return create_engine(
        f"sqlite:///{file.absolute().as_uri()}?mode=ro&uri=true", hide_parameters=True
    )


def _lost(backup: Path, anchored: Head | None) -> Head | None:
    """The anchored head where the backup does not hold it."""
    if anchored is None:
        return None
    try:
        _verified(backup, anchored)
    except LedgerDamagedError:
        # It verified under its own anchor just now: what is missing is this link.
        return anchored
    return None


def _refuse_while_sending(file: Path, at: datetime) -> None:
    if not file.exists():
        return
    engine = _reader(file)
    try:
        with engine.connect() as connection:
            held = connection.execute(
                select(lease.c.destination)
                .where(lease.c.holder.is_not(None), lease.c.expires_at > at)
                .limit(1)
            ).scalar()
    except SQLAlchemyError:
        # A damaged ledger is why people restore; nobody sends from it.
        return
    finally:
        engine.dispose()
    if held is not None:
        raise LeaseHeldError(
            f"A process sends to {held} from this ledger.", remedy="End it, then restore."
        )


def _prepare(settings: Settings, file: Path, backup: Path, newest: Head) -> Path:
    """A copy of the backup beside the ledger, with an anchor of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    prepared = file.with_name(f"{file.name}.restoring")
    for companion in _COMPANIONS:
        prepared.with_name(prepared.name + companion).unlink(missing_ok=True)
    os.close(os.open(prepared, os.O_RDWR | os.O_CREAT, 0o600))
    shutil.copyfile(backup, prepared)
    _write_anchor(prepared, newest)
    return prepared


def _record_gap(
    settings: Settings,
    prepared: Path,
    newest: Head,
    lost: Head,
    reason: str,
    actor: str,
    now: Callable[[], datetime],
) -> None:
    """Before the copy takes the ledger's place: at no moment could anything be sent from it."""
    beside = replace(settings, ledger_url=f"sqlite:///{prepared}")
    with open_ledger(beside, now=now) as ledger, ledger.transaction() as connection:
        gaps.record(
            connection,
            backup_position=newest.position,
            lost=lost,
            reason=reason,
            actor=actor,
            at=now(),
        )


def _put_in_place(file: Path, prepared: Path) -> Path | None:
    """Killed between any two steps, the ledger refuses to open and can be restored again."""
    newest, _ = _verified(prepared, None)
    replaced = None
    if file.exists():
        replaced = _free_name(file)
        for companion in reversed(_COMPANIONS):
            old = file.with_name(file.name + companion)
            if old.exists():
                old.replace(replaced.with_name(replaced.name + companion))
    prepared.replace(file)
    _write_anchor(file, newest)
    _anchor_of(prepared).unlink(missing_ok=True)
    audit.fsync_folder(file.parent)
    return replaced


def _free_name(file: Path) -> Path:
    number = 1
    while file.with_name(f"{file.name}.replaced-{number}").exists():
        number += 1
    return file.with_name(f"{file.name}.replaced-{number}")


def _write_anchor(file: Path, newest: Head) -> None:
    content = {"position": newest.position, "link_hash": newest.link_hash}
    audit.write_durably(_anchor_of(file), json.dumps(content).encode())
