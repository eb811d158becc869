"""Approvals: known keys sign open plans, once, for a day."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from orchestration.activation.approval import (
    approve,
    approve_halted,
    check_approval,
    create_key,
    demo_approve,
)
from orchestration.activation.errors import ApprovalError, NotDeliverableError
from orchestration.activation.preview import Plan
from orchestration.ledger import LedgerDamagedError
from orchestration.ledger.tables import approval
from tests.unit.activation.world import Vendor, World, loopback

TWO = {"a": "a@example.test", "b": "b@example.test"}


@pytest.fixture
def key(world: World) -> Path:
    """The private key of a person whom the approvers file knows."""
    file = world.settings.home / "ada.key"
    write_approvers(world, [{"name": "ada", "public_key": create_key(file)}])
    return file


def write_approvers(world: World, content: object) -> None:
    world.settings.approvers_file.write_text(yaml.safe_dump(content), encoding="utf-8")


def planned(world: World) -> Plan:
    world.desire(TWO)
    return world.plan()


def sign(world: World, plan_hash: str, key: Path) -> None:
    approve(world.ledger, world.settings, plan_hash, approver_key=key, now=world.clock)


def test_a_known_person_lets_a_plan_out(world: World, vendor: Vendor, key: Path) -> None:
    sign(world, planned(world).plan_hash[:12], key)
    assert world.deliver(vendor).is_complete
    (stored,) = world.rows(approval)
    assert (stored["approver"], stored["used_at"]) == ("ada", world.clock())


def test_a_plan_is_approved_once(world: World, vendor: Vendor, key: Path) -> None:
    made = planned(world)
    sign(world, made.plan_hash, key)
    with pytest.raises(ApprovalError, match="was approved by ada, until 2026-03-02"):
        sign(world, made.plan_hash, key)
    world.deliver(vendor)
    with pytest.raises(ApprovalError, match="was delivered"):
        sign(world, made.plan_hash, key)


def test_after_its_expiry_a_plan_may_be_approved_again(
    world: World, vendor: Vendor, key: Path
) -> None:
    made = planned(world)
    sign(world, made.plan_hash, key)
    world.clock.sleep(24 * 3600)
    sign(world, made.plan_hash, key)
    assert world.deliver(vendor).is_complete


def test_an_unknown_key_is_refused(world: World, key: Path) -> None:
    stranger = world.settings.home / "stranger.key"
    create_key(stranger)
    with pytest.raises(ApprovalError, match="not known"):
        sign(world, planned(world).plan_hash, stranger)
    world.settings.approvers_file.unlink()
    with pytest.raises(ApprovalError, match="not known"):
        sign(world, planned(world).plan_hash, key)


def test_a_superseded_plan_is_refused(world: World, key: Path) -> None:
    first = planned(world)
    world.desire({**TWO, "c": "c@example.test"})
    world.plan()
    with pytest.raises(ApprovalError, match="newer plan"):
        sign(world, first.plan_hash, key)


def test_an_empty_plan_is_refused(world: World, key: Path) -> None:
    world.desire({})
    with pytest.raises(ApprovalError, match="no reachable customers"):
        sign(world, world.plan().plan_hash, key)


def test_changed_rows_are_refused(world: World, key: Path) -> None:
    made = planned(world)
    made.file.write_bytes(b"other rows")
    with pytest.raises(NotDeliverableError, match="changed after it was sealed"):
        sign(world, made.plan_hash, key)
    made.file.unlink()
    with pytest.raises(NotDeliverableError, match="incomplete"):
        sign(world, made.plan_hash, key)


def test_a_halted_plan_needs_a_reason(world: World, vendor: Vendor, key: Path) -> None:
    world.sync(vendor, TWO)
    world.desire({})
    made = world.plan()
    with pytest.raises(ApprovalError, match="was halted: the source is empty"):
        sign(world, made.plan_hash, key)

    def override(reason: str) -> None:
        approve_halted(
            world.ledger,
            world.settings,
            made.plan_hash,
            approver_key=key,
            reason=reason,
            now=world.clock,
        )

    with pytest.raises(ApprovalError, match="No reason"):
        override(" ")
    override("The programme ended.")
    assert world.deliver(vendor).is_complete
    assert vendor.members == set()


def test_an_open_plan_takes_no_override(world: World, key: Path) -> None:
    made = planned(world)
    with pytest.raises(ApprovalError, match="was not halted"):
        approve_halted(
            world.ledger,
            world.settings,
            made.plan_hash,
            approver_key=key,
            reason="why not",
            now=world.clock,
        )


def forge(world: World, **columns: object) -> None:
    with world.ledger.transaction() as connection:
        connection.execute(approval.update().values(**columns))


@pytest.mark.parametrize("column", ["expires_at", "override_reason", "public_key", "approver"])
def test_a_forged_approval_lets_nothing_out(
    world: World, vendor: Vendor, key: Path, column: str
) -> None:
    sign(world, planned(world).plan_hash, key)
    other = create_key(world.settings.home / "other.key")
    forged = {
        "expires_at": world.clock().replace(year=2030),
        "override_reason": "none",
        "public_key": other,
        "approver": "eve",
    }
    forge(world, **{column: forged[column]})
    report = world.deliver(vendor)
    assert not report.is_complete
    assert vendor.calls == []


def test_a_signature_of_another_plan_is_not_valid(world: World, key: Path) -> None:
    made = planned(world)
    given = approve(
        world.ledger, world.settings, made.plan_hash, approver_key=key, now=world.clock
    )
    check_approval(world.settings, given)
    with pytest.raises(ApprovalError, match="not valid"):
        check_approval(world.settings, replace(given, plan_hash="0" * 64))
    flipped = bytearray(base64.b64decode(given.signature))
    flipped[0] ^= 1
    forged = replace(given, signature=base64.b64encode(bytes(flipped)).decode())
    with pytest.raises(ApprovalError, match="not valid"):
        check_approval(world.settings, forged)


def test_verify_finds_a_changed_approval(world: World, key: Path) -> None:
    sign(world, planned(world).plan_hash, key)
    assert world.ledger.verify() == 3
    forge(world, approver="eve")
    with pytest.raises(LedgerDamagedError, match="approval"):
        world.ledger.verify()


def test_an_approver_who_left_lets_nothing_out(world: World, vendor: Vendor, key: Path) -> None:
    sign(world, planned(world).plan_hash, key)
    write_approvers(world, [])
    assert "not known" in str(world.deliver(vendor).deliveries[0].reason)
    assert vendor.calls == []


def test_the_demo_key_works_on_loopback_only(world: World, vendor: Vendor) -> None:
    made = planned(world)
    beyond = replace(
        world.settings,
        destinations={
            **world.settings.destinations,
            "klaviyo": loopback("klaviyo", "https://a.klaviyo.com"),
        },
    )
    with pytest.raises(ApprovalError, match="klaviyo is not on this machine"):
        demo_approve(world.ledger, beyond, made.plan_hash, now=world.clock)
    assert not (world.settings.home / "demo_approver.key").exists()
    demo_approve(world.ledger, world.settings, made.plan_hash, now=world.clock)
    settings, world.settings = world.settings, beyond
    assert "klaviyo" in str(world.deliver(vendor).deliveries[0].reason)
    assert vendor.calls == []
    world.settings = settings
    assert world.deliver(vendor).is_complete


def test_a_key_is_private_and_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "ada.key"
    assert create_key(file).startswith("ed25519:")
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    with pytest.raises(ApprovalError, match="exists already"):
        create_key(file)
    assert file.read_bytes() == content
    assert [entry.name for entry in file.parent.iterdir()] == ["ada.key"]


def open_to_others(file: Path) -> None:
    file.chmod(0o644)


def no_key(file: Path) -> None:
    file.write_text("none", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "named"),
    [(open_to_others, "chmod 600"), (no_key, "no readable"), (Path.unlink, "no readable")],
)
def test_an_unfit_key_file_is_refused(
    world: World, key: Path, damage: Callable[[Path], None], named: str
) -> None:
    made = planned(world)
    damage(key)
    with pytest.raises(ApprovalError, match=named):
        sign(world, made.plan_hash, key)


@pytest.mark.parametrize(
    "content",
    [
        "ada",
        [{"name": "ada"}],
        [{"name": "ada", "public_key": "ed25519:short"}],
        [{"name": "ada", "public_key": "ssh-ed25519 AAAA"}],
        {"ada": "key"},
    ],
)
def test_a_wrong_approvers_file_is_refused(world: World, key: Path, content: object) -> None:
    made = planned(world)
    write_approvers(world, content)
    with pytest.raises(ApprovalError, match="not a list of approvers"):
        sign(world, made.plan_hash, key)


def test_one_name_has_one_key_and_nobody_is_called_demo(world: World, key: Path) -> None:
    made = planned(world)
    first, second = (create_key(world.settings.home / name) for name in ("1.key", "2.key"))
    for names in (("ada", "ada"), ("ada", "demo")):
        keys = zip(names, (first, second), strict=True)
        write_approvers(world, [{"name": name, "public_key": public} for name, public in keys])
        with pytest.raises(ApprovalError, match="not a list of approvers"):
            sign(world, made.plan_hash, key)
