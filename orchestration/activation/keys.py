"""Approvers' keys: Ed25519 pairs, the approvers file, and the demo key of this machine.

What lives here: making, reading and checking keys, and whose a key is.
What never does: what is signed (``approval.py``, ``standing.py``); a private key in a message.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orchestration.activation.errors import ApprovalError
from orchestration.settings import Settings

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


def sign(key_file: Path, message: bytes) -> tuple[str, str]:
    """Sign with the private key in the file; the signature and the public key, both as text.

    Raises:
        ApprovalError: the key is unreadable, open to others or of another kind.
    """
    private = _load_private_key(key_file)
    signature = base64.b64encode(private.sign(message)).decode()
    return signature, _public_text(private.public_key())


def public_key_of(key_file: Path) -> str:
    """The public half of the private key in the file.

    Raises:
        ApprovalError: as ``sign``.
    """
    return _public_text(_load_private_key(key_file).public_key())


def is_signed(public: str, signature: str, message: bytes) -> bool:
    """Whether the signature is this key's, over this message."""
    try:
        _public_key(public).verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def approver_name(settings: Settings, public: str) -> str:
    """Whose public key it is.

    Raises:
        ApprovalError: nobody's who may approve today.
    """
    approvers = _read_approvers(settings.approvers_file)
    if public in approvers:
        return approvers[public]
    demo_file = demo_key_file(settings)
    if demo_file.exists() and public == _public_text(_load_private_key(demo_file).public_key()):
        refuse_demo_beyond_loopback(settings)
        return DEMO_APPROVER
    raise unknown_key()


def unknown_key() -> ApprovalError:
    """The error for a key that is not in the approvers file."""
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


def demo_key_file(settings: Settings) -> Path:
    """Where the demo key stands; it is made on first use."""
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
        raise ApprovalError(f"{file.name} is no Ed25519 key.", remedy="Make one with create_key.")
    return private


def _public_text(public: Ed25519PublicKey) -> str:
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return _KEY_PREFIX + base64.b64encode(raw).decode()


def _public_key(text: str) -> Ed25519PublicKey:
    if not text.startswith(_KEY_PREFIX):
        raise ValueError("no ed25519 key")
    raw = base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    return Ed25519PublicKey.from_public_bytes(raw)
