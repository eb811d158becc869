"""Many rows in the simulated world: how long they take there, and what becomes of each.

What lives here: a million profiles under rate limits; audiences under a steady share of failures.
What never does: schedules of a seed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select

from orchestration.activation.approval import approve
from orchestration.activation.deliver import deliver
from orchestration.activation.plan import make_plans
from orchestration.ledger import seals
from orchestration.ledger.tables import outbox, receipt
from tests.faults.simulation.people import SYNCS, Person
from tests.faults.simulation.schedule import ANSWERS
from tests.faults.simulation.warehouse import build_table, shared_warehouse, warehouse
from tests.faults.simulation.world import World, world_of

PROFILES = next(sync for sync in SYNCS if sync.spec.kind == "profile")
RETRY_MINUTES = 5
HOURS_MAX = 4.0


@dataclass(frozen=True)
class Volume:
    """What a delivery of many rows came to; seconds of the simulated clock, and real ones."""

    row_count: int
    decided_count: int
    accepted_count: int
    simulated_seconds: float
    real_seconds: float
    refused_count: int
    request_count: int
    run_count: int


def profiles(row_count: int, rows_per_request: int) -> Volume:
    """Deliver so many new profiles with the vendor's windows enforced and 50 ms a call."""
    with world_of(0, [PROFILES]) as world:
        world.log.stop()
        _build_profiles(row_count)
        return _deliver_all(world, lambda destination: _limited(destination, rows_per_request))


def _build_profiles(row_count: int) -> None:
    spec = PROFILES.spec
    shared_warehouse().execute(f"""
        create or replace table {spec.schema}.{spec.model} as
        select
            'c' || number as customer_id, 'c' || number || '@canary.example' as email,
            'c' || number as external_id, 'Canaryname' || number as first_name,
            'Canaryname' as last_name, 'segment' || number % 7 as property_segment,
            '1' as normaliser_version, md5(number::varchar) as row_hash
        from range({row_count}) as numbers (number)
    """)


def under_failure(seed: int, person_count: int, ratio: float, rows_per_request: int) -> Volume:
    """Deliver every object while a share of all requests fails, for at most four hours."""
    with world_of(seed, SYNCS) as world:
        for number in range(person_count):
            world.people.put(Person(f"c{number:05}"))
        for sync in SYNCS:
            build_table(sync, world.people.desired(sync))
        world.misbehave([sync.spec.destination for sync in SYNCS], ratio, ANSWERS)

        return _deliver_all(world, lambda destination: _limited(destination, rows_per_request))


def _limited(destination: Any, rows_per_request: int) -> Any:
    """The same destination with requests of at most so many rows."""
    rows = min(rows_per_request, destination.limits.rows_per_request)
    object.__setattr__(destination, "limits", replace(destination.limits, rows_per_request=rows))
    return destination


def _deliver_all(world: World, adjust: Callable[[Any], Any]) -> Volume:
    started = time.monotonic()
    make_plans(
        world.settings,
        world.ledger,
        [sync.spec for sync in world.syncs],
        now=world.clock.now,
        connection_factory=warehouse,
    )
    for plan in world.ledger.plans(("open",)):
        key = world.settings.approver_key_file
        assert key is not None
        approve(world.ledger, world.settings, plan.plan_hash, approver_key=key, now=world.clock.now)
    begun, runs = world.clock.seconds, 0
    while True:
        runs += 1
        report = deliver(
            world.settings,
            world.ledger,
            open_destination=lambda *given: adjust(world.open(*given)),
            now=world.clock.now,
            sleep=world.sleep,
            jitter=world.chance.random,
        )
        took = world.clock.seconds - begun
        if report.is_complete or took >= HOURS_MAX * 3_600:
            break
        world.clock.pass_time(RETRY_MINUTES * 60)
    with world.ledger.read() as reader:
        verdicts = Counter(
            {
                str(row[0]): int(row[1])
                for row in reader.execute(
                    select(receipt.c.verdict, func.count()).group_by(receipt.c.verdict)
                )
            }
        )
        plans = seals.in_states(reader, ("done", *seals.RUNNING))
        waiting = reader.execute(select(func.count()).select_from(outbox)).scalar_one()
    assert waiting + verdicts.total() == sum(plan.filled_count for plan in plans)
    return Volume(
        row_count=sum(plan.row_count for plan in plans),
        decided_count=verdicts.total(),
        accepted_count=verdicts["accepted"] + verdicts["accepted_unverified"],
        simulated_seconds=took,
        real_seconds=time.monotonic() - started,
        refused_count=world.windows.refused_count.total(),
        request_count=world.windows.request_count.total(),
        run_count=runs,
    )
