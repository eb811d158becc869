"""From a world of the simulation to the evidence that the invariants judge.

What lives here: reading both sides of the world.
What never does: judging.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.faults.invariants import Evidence, Signed, check_all
from tests.faults.simulation.homes import FOREIGN
from tests.faults.simulation.world import World


def judge(world: World, is_finished: bool) -> None:
    """Check all invariants of the world as it stands."""
    check_all(evidence(world, is_finished=is_finished))


def evidence(world: World, *, is_finished: bool) -> Evidence:
    return Evidence(
        ledger=world.ledger,
        syncs=world.syncs,
        people=world.people,
        log=world.log.rows(),
        members={
            sync.where: world.log.member_pairs(sync.spec.destination, sync.object_id)
            for sync in world.syncs
        },
        profiles={
            profile_id: {**json.loads(body), "external_id": external_id}
            for profile_id, external_id, _, body in world.log.profiles()
        },
        foreign=FOREIGN,
        signed=[Signed(one.moment, one.plan_hash, one.where, one.rows) for one in world.approved],
        said=[*world.said, *world.ear.lines, *_reasons(world)],
        healthy=list(_healthy(world)),
        is_finished=is_finished,
    )


def _reasons(world: World) -> Iterator[str]:
    for done in world.deliveries:
        for delivery in done.report.deliveries:
            yield str(delivery.reason)


def _healthy(world: World) -> Iterator[tuple[str, str | None]]:
    for done in world.deliveries:
        for delivery in done.report.deliveries:
            if delivery.destination not in done.faulty:
                yield delivery.state, delivery.reason
