"""Claims about what is planned and who lets it out: guards, opt-outs, approvals, a restored ledger.

What lives here: how each is measured, in a small world with a clock of its own.
What never does: the rules themselves; whether a bar is met is said by the measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from rich.console import Console
from rich.table import Table

from orchestration.activation.approval import approve, cancel
from orchestration.activation.errors import ApprovalError, NotDeliverableError
from orchestration.activation.keys import create_key
from orchestration.activation.standing import Limits, sign_standing
from orchestration.console import table
from orchestration.ledger import LedgerError, gaps, open_ledger, seals, standing
from orchestration.ledger.backup import back_up, restore
from orchestration.ledger.tables import approval, outbox
from tests.proof.harness import Result, passed
from tests.unit.activation.guard_cases import CASES
from tests.unit.activation.world import SPEC, Vendor, World, world_in

FOUR = {f"c{n}": f"p{n}@example.test" for n in range(4)}


def guard_table() -> Table:
    """The table of cases: what is the matter, what became of the plan, and why."""
    rows = [
        (
            number,
            case.sentence,
            case.judgement.state.replace("_", " "),
            ", ".join(case.judgement.guards),
            "as it must" if case.holds else "WRONG",
        )
        for number, case in enumerate(CASES, start=1)
    ]
    return table("Guards", ("case", "situation", "plan", "halted by", ""), rows)


Attempt = Callable[[World, Vendor], object]


def guard_cases(_: bool) -> Result:
    """Every case of the table ends as its sentence says; the table is printed."""
    Console(width=140).print(guard_table())
    right = sum(case.holds for case in CASES)
    return passed(
        right == len(CASES) == 44, f"{right} of {len(CASES)} as they must", "44 of 44"
    )


def opt_outs_leave_a_halted_plan(quick: bool) -> Result:
    """Of a halted mass removal exactly the opt-outs are in the outbox, once, however often it is
    planned."""
    people = 400 if quick else 4_000
    opted_out = people // 10
    emails = {f"c{n:05}": f"p{n}@example.test" for n in range(people)}
    with _world() as world:
        vendor = Vendor()
        world.sync(vendor, emails)
        calls = len(vendor.calls)
        for key in list(emails)[:opted_out]:
            world.suppress("customer_id", key)
        world.desire(dict(list(emails.items())[people // 2 :]))
        states = {world.plan().state for _ in range(3)}
        out = [row["key"] for row in world.rows(outbox)]
        calls = len(vendor.calls) - calls
        held = world.plan().seal.remove_count
    ok = states == {"halted"} and sorted(out) == list(emails)[:opted_out] and calls == 0
    return passed(
        ok,
        f"{len(out)} of {opted_out} opt-outs out, {held} other removals wait",
        f"{opted_out} out, each once; {people // 2 - opted_out} wait",
    )


def approvals_that_are_refused(_: bool) -> Result:
    """Whatever lets nothing out: each way is tried and the vendor's calls are counted."""
    refused = 0
    for attempt in _ATTEMPTS:
        with _world() as world:
            vendor = Vendor()
            for step in (attempt, World.deliver):
                with suppress(ApprovalError, NotDeliverableError):
                    step(world, vendor)
            refused += not vendor.calls
    return passed(
        refused == len(_ATTEMPTS),
        f"{refused} of {len(_ATTEMPTS)} refused without a call",
        "all: forged, expired, changed, cancelled, one of two, outside and revoked",
    )


def standing_approval(quick: bool) -> Result:
    """Days inside the limits go by themselves, days outside wait, and each plan names its
    signature."""
    days = 10 if quick else 60
    inside = outside = named = 0
    with _world() as world:
        vendor, key = Vendor(), _key(world)
        until = world.clock() + timedelta(days=days + 1)
        limits = Limits(("email_sha256",), 5, 0, until)
        given = sign_standing(
            world.ledger, world.settings, SPEC, limits, approver_key=key, now=world.clock
        )
        emails: dict[str, str] = {}
        for day in range(days):
            new = 6 if day % 5 == 4 else 5
            start = len(emails)
            emails |= {f"c{n:04}": f"p{n}@example.test" for n in range(start, start + new)}
            world.desire(emails)
            made = world.plan()
            inside += made.state == "approved"
            outside += made.state == "open"
            if made.state == "open":
                world.approve(made.plan_hash)
            world.deliver(vendor)
            with world.ledger.read() as reader:
                (who,) = seals.let_out_by(reader, made.plan_hash)
            named += (who.signature == given.signature) == (new == 5)
            world.clock.sleep(24 * 3600)
    expected = days - days // 5
    return passed(
        (inside, outside, named) == (expected, days // 5, days),
        f"{inside} of {days} days by themselves, {outside} waited; {named} plans name theirs",
        f"{expected}, {days // 5} and {days}",
    )


def a_restore_that_lost_opt_outs(_: bool) -> Result:
    """From a backup older than an opt-out nothing is sent until a person says that it is in."""
    with _world() as world:
        vendor = Vendor()
        copy = world.settings.home / "copy.sqlite"
        back_up(world.settings, copy)
        world.suppress("customer_id", "c0")
        world.ledger.close()
        steps = [_raises(lambda: restore(world.settings, copy, reason=None, actor="a",
                                         now=world.clock))]  # fmt: skip
        restore(world.settings, copy, reason="A drill.", actor="a", now=world.clock)
        world.ledger = open_ledger(world.settings, now=world.clock)
        steps.append(_raises(lambda: world.sync(vendor, FOUR)))
        before = len(vendor.calls)
        world.suppress("customer_id", "c0")
        with world.ledger.transaction() as connection:
            gaps.close(connection, actor="a", reason="Landed again.", at=world.clock())
        world.deliver(vendor)
        members = len(vendor.members)
        world.ledger.close()
    return passed(
        all(steps) and before == 0 and members == 3,
        f"refused {sum(steps)} times, {before} calls before, {members} of 4 people after",
        "refused twice, 0 calls, 3 people: who opted out is not among them",
    )


def _forged(world: World, _: Vendor) -> None:
    world.approve(_planned(world))
    with world.ledger.transaction() as connection:
        connection.execute(approval.update().values(override_reason="forged"))


def _expired(world: World, _: Vendor) -> None:
    world.approve(_planned(world))
    world.clock.sleep(24 * 3600)


def _changed_rows(world: World, _: Vendor) -> None:
    made = _planned(world)
    world.approve(made)
    (world.settings.plans_dir / f"{made}.parquet").write_bytes(b"other rows")


def _cancelled(world: World, _: Vendor) -> None:
    made = _planned(world)
    world.approve(made)
    cancel(world.ledger, made, actor="ada", reason="No.", now=world.clock)


def _one_of_two(world: World, _: Vendor) -> None:
    key = _key(world)
    world.settings = replace(world.settings, second_person_above=1)
    made = _planned(world)
    for _attempt in range(2):
        approve(world.ledger, world.settings, made, approver_key=key, now=world.clock)


def _outside(world: World, _: Vendor) -> None:
    limits = Limits(("email_sha256",), 3, 0, world.clock() + timedelta(days=1))
    sign_standing(
        world.ledger, world.settings, SPEC, limits, approver_key=_key(world), now=world.clock
    )
    _planned(world)


def _revoked(world: World, _: Vendor) -> None:
    limits = Limits(("email_sha256",), 9, 0, world.clock() + timedelta(days=1))
    given = sign_standing(
        world.ledger, world.settings, SPEC, limits, approver_key=_key(world), now=world.clock
    )
    _planned(world)
    with world.ledger.transaction() as connection:
        standing.revoke(
            connection, given.signature, actor="ada", reason="Over.", at=world.clock()
        )


_ATTEMPTS: tuple[Attempt, ...] = (
    _forged, _expired, _changed_rows, _cancelled, _one_of_two, _outside, _revoked,
)  # fmt: skip


def _planned(world: World) -> str:
    world.desire(FOUR)
    return world.plan().plan_hash


def _key(world: World) -> Path:
    file = world.settings.home / "ada.key"
    entries = [{"name": "ada", "public_key": create_key(file)}]
    world.settings.approvers_file.write_text(yaml.safe_dump(entries), encoding="utf-8")
    return file


def _raises(work: Callable[[], object]) -> bool:
    try:
        work()
    except LedgerError:
        return True
    return False


@contextmanager
def _world() -> Iterator[World]:
    with TemporaryDirectory() as folder, world_in(Path(folder)) as made:
        yield made
