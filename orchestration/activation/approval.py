"""Approvals: a person's Ed25519 signature over a plan's hash.

What lives here: key pairs, the approvers file, signing and checking.
What never does: what a plan contains; sending.

The signature covers hash and expiry. It starts one delivery, within 24 hours, and no second one.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orchestration.activation import plan_file
from orchestration.activation.errors import ApprovalError
from orchestration.faults import kill_point
from orchestration.ledger import Ledger, SealedPlan, StoredApproval, seals
from orchestration.ledger.audit import canonical_json
from orchestration.settings import Settings

APPROVAL_HOURS = 24
DEMO_APPROVER = "demo"
_KEY_PREFIX = "ed25519:"


def create_key(path: Path) -> str:
    """Write a new private key (PEM, mode 0600) and return its public half for ``approvers.yml``.

    Raises:
        ApprovalError: there is a file already.
    """
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        # A link never replaces: two processes cannot both believe that their key is the one.
        os.link(temporary, path)
    except FileExistsError:
        raise ApprovalError(
            f"{path.name} exists already.", remedy="Keep it, or choose another file."
        ) from None
    finally:
        temporary.unlink()
    return _public_text(private.public_key())


def approve(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    *,
    approver_key: Path,
    now: Callable[[], datetime],
) -> StoredApproval:
    """Sign an open plan with the private key in ``approver_key``.

    Raises:
        ApprovalError: unknown or unreadable key; the plan is approved, halted, superseded, empty
            or done.
        NotDeliverableError: its rows were changed after it was sealed.
    """
    return _approve(ledger, settings, plan_hash, approver_key, now, override_reason=None)


def approve_halted(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    *,
    approver_key: Path,
    reason: str,
    now: Callable[[], datetime],
) -> StoredApproval:
    """Sign a plan that a guard halted, with the ``reason`` why it may go nevertheless.

    Raises:
        ApprovalError: as ``approve``; the plan is not halted; no reason is given.
    """
    if not reason.strip():
        raise ApprovalError("No reason is given.", remedy="Say why the halted plan may go.")
    return _approve(ledger, settings, plan_hash, approver_key, now, override_reason=reason)


def demo_approve(
    ledger: Ledger, settings: Settings, plan_hash: str, *, now: Callable[[], datetime]
) -> StoredApproval:
    """Sign with the demo key, which is made on first use and good for loopback hosts only.

    Raises:
        ApprovalError: as ``approve``; a destination's host is not this machine.
    """
    refuse_demo_beyond_loopback(settings)
    if not _demo_key_file(settings).exists():
        create_key(_demo_key_file(settings))
    return _approve(
        ledger, settings, plan_hash, _demo_key_file(settings), now, override_reason=None
    )


def check_approval(settings: Settings, approval: StoredApproval) -> None:
    """Prove that a stored approval is a good signature of someone who may approve today.

    Raises:
        ApprovalError: forged, or the approver is no longer known.
    """
    if _approver_name(settings, approval.public_key) != approval.approver:
        raise _unknown_key()
    message = _message(approval.plan_hash, approval.expires_at, approval.override_reason)
    try:
        _public_key(approval.public_key).verify(base64.b64decode(approval.signature), message)
    except (InvalidSignature, ValueError) as error:
        raise ApprovalError(
            f"The signature under plan {approval.plan_hash[:12]} is not valid.",
            remedy="Run 'tributary ledger verify' and approve the plan again.",
        ) from error


def _approve(
    ledger: Ledger,
    settings: Settings,
    plan_hash: str,
    key_file: Path,
    now: Callable[[], datetime],
    *,
    override_reason: str | None,
) -> StoredApproval:
    private = _load_private_key(key_file)
    public = _public_text(private.public_key())
    name = _approver_name(settings, public)
    at = now()
    expires_at = at + timedelta(hours=APPROVAL_HOURS)
    sealed = ledger.plan(plan_hash)
    signature = private.sign(_message(sealed.plan_hash, expires_at, override_reason))
    given = StoredApproval(
        signature=base64.b64encode(signature).decode(),
        plan_hash=sealed.plan_hash,
        approver=name,
        public_key=public,
        approved_at=at,
        expires_at=expires_at,
        override_reason=override_reason,
    )
    with ledger.read() as reader:
        newest = seals.newest_approval(reader, sealed.plan_hash)
    _refuse_unless_waiting(sealed, newest, at, is_override=override_reason is not None)
    plan_file.check_rows(settings, sealed.plan_hash, sealed.seal_json)
    with ledger.transaction() as connection:
        # Asked again where it counts: of two approvers at one moment, one comes second.
        sealed = seals.get(connection, sealed.plan_hash)
        newest = seals.newest_approval(connection, sealed.plan_hash)
        _refuse_unless_waiting(sealed, newest, at, is_override=override_reason is not None)
        seals.add_approval(connection, given)
        seals.set_state(connection, sealed.plan_hash, "approved", reason=sealed.reason)
    kill_point("after_approve")
    return given


def _refuse_unless_waiting(
    sealed: SealedPlan, newest: StoredApproval | None, at: datetime, *, is_override: bool
) -> None:
    short = sealed.plan_hash[:12]
    if sealed.state == ("halted" if is_override else "open"):
        return
    if sealed.state == "approved" and newest is not None:
        if newest.expires_at <= at and (newest.override_reason is not None) == is_override:
            return
        raise ApprovalError(
            f"Plan {short} was approved by {newest.approver}, until {newest.expires_at:%F %T} UTC.",
            remedy="Run 'tributary deliver'; after that time plan again.",
        )
    how, remedy = {
        "halted": (f"was halted: {sealed.reason}", "Find the cause, or approve it with a reason."),
        "superseded": ("gave way to a newer plan", "Look at the newer plan and approve that."),
        "nothing_to_do": (f"is empty: {sealed.reason}", "There is nothing to approve."),
        "done": ("was delivered", "There is nothing to approve."),
        "open": ("was not halted", "Approve it without a reason."),
    }.get(sealed.state, ("is being delivered", "Run 'tributary deliver' to finish it."))
    raise ApprovalError(f"Plan {short} {how}.", remedy=remedy)


def _message(plan_hash: str, expires_at: datetime, override_reason: str | None) -> bytes:
    return canonical_json(
        {
            "approves": plan_hash,
            "expires_at": expires_at.astimezone(UTC).isoformat(),
            "override_reason": override_reason,
        }
    ).encode()


def _approver_name(settings: Settings, public: str) -> str:
    approvers = _read_approvers(settings.approvers_file)
    if public in approvers:
        return approvers[public]
    demo_file = _demo_key_file(settings)
    if demo_file.exists() and public == _public_text(_load_private_key(demo_file).public_key()):
        refuse_demo_beyond_loopback(settings)
        return DEMO_APPROVER
    raise _unknown_key()


def _unknown_key() -> ApprovalError:
    return ApprovalError(
        "The approver's key is not known.",
        remedy="Add its public half with a name to approvers.yml.",
    )


def _read_approvers(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    wrong = ApprovalError(
        f"{file.name} is not a list of approvers.",
        remedy="Write entries '- name: …' with 'public_key: ed25519:…', each once.",
    )
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        approvers = {str(entry["public_key"]): str(entry["name"]) for entry in entries}
        if any(set(entry) != {"name", "public_key"} for entry in entries):
            raise wrong
        for public in approvers:
            _public_key(public)
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValueError) as error:
        raise wrong from error
    names = set(approvers.values())
    if len(names) != len(entries) or DEMO_APPROVER in names:
        raise wrong
    return approvers


def refuse_demo_beyond_loopback(settings: Settings) -> None:
    """Ask before long work that will end with the demo key.

    Raises:
        ApprovalError: a destination's host is not this machine.
    """
    beyond = sorted(d.name for d in settings.destinations.values() if not d.is_loopback)
    if beyond:
        raise ApprovalError(
            f"The demo key may not approve: {', '.join(beyond)} is not on this machine.",
            remedy="Point every destination at the sandbox, or approve with a person's key.",
        )


def _demo_key_file(settings: Settings) -> Path:
    return settings.home / "demo_approver.key"


def _load_private_key(file: Path) -> Ed25519PrivateKey:
    try:
        if file.stat().st_mode & 0o077:
            raise ApprovalError(
                f"{file.name} can be read by others.", remedy=f"Run: chmod 600 {file.name}"
            )
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ApprovalError(
            f"{file.name} is no readable private key ({type(error).__name__}).",
            remedy="Set TRIBUTARY_APPROVER_KEY_FILE to a key made by create_key.",
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ApprovalError(
            f"{file.name} is no Ed25519 key.", remedy="Make one with create_key."
        )
    return private


def _public_text(public: Ed25519PublicKey) -> str:
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return _KEY_PREFIX + base64.b64encode(raw).decode()


def _public_key(text: str) -> Ed25519PublicKey:
    if not text.startswith(_KEY_PREFIX):
        raise ValueError("no ed25519 key")
    raw = base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    return Ed25519PublicKey.from_public_bytes(raw)
