"""A few seeds of the simulated world: enough to see that it runs and that its judges can say no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults import invariants
from tests.faults.simulation.control import Process
from tests.faults.simulation.judging import evidence
from tests.faults.simulation.people import SYNCS, OptOut, Person
from tests.faults.simulation.runs import play
from tests.faults.simulation.schedule import converge, draw
from tests.faults.simulation.world import World, world_of


@pytest.mark.parametrize("first", range(0, 40, 8))
def test_every_invariant_holds_on_these_seeds(first: int) -> None:
    played = [play(seed) for seed in range(first, first + 8)]
    assert sum(one.intent_count for one in played) > 0
    assert sum(one.write_count for one in played) > 0


def test_somebody_who_comes_back_with_another_address_is_looked_up_anew() -> None:
    """Listed by the vendor's id of before, her profile still had the address that had said no."""
    for seed in (1478, 1670):
        assert play(seed).failure is None


def test_a_seed_gives_the_same_schedule_and_the_same_end() -> None:
    assert draw(11).operations == draw(11).operations
    assert play(11) == play(11)


def delivered_world(world: World) -> World:
    for number in range(4):
        world.people.put(Person(f"c{number:04}"))
    converge(world)
    return world


def test_an_addition_after_an_opt_out_is_seen() -> None:
    with world_of(1, SYNCS[:1]) as world:
        delivered_world(world).opt_out("c0002", "ads_sharing", "customer_id")
        world.log.stamp(world.next_tick())
        sha = world.people.people["c0002"].email_sha256
        world.truth.add_members("meta", "vip", [("EXTERN_ID:c0002", f"EMAIL:{sha}")])
        with pytest.raises(AssertionError, match="I1"):
            invariants.check_all(evidence(world, is_finished=False))


def test_an_unapproved_row_is_seen() -> None:
    with world_of(1, SYNCS[:1]) as world:
        person = Person("c0009")
        delivered_world(world).people.put(person)
        world.log.stamp(world.next_tick())
        world.truth.add_members(
            "meta", "vip", [("EXTERN_ID:c0009", f"EMAIL:{person.email_sha256}")]
        )
        with pytest.raises(AssertionError, match="I10"):
            invariants.check_all(evidence(world, is_finished=False))


def test_a_lost_person_a_touched_stranger_and_a_spoken_address_are_seen() -> None:
    with world_of(1, SYNCS[:1]) as world:
        seen = evidence(delivered_world(world), is_finished=True)
        invariants.check_all(seen)
        where = SYNCS[0].where
        fewer = {where: set(sorted(seen.members[where])[1:])}
        with pytest.raises(AssertionError, match="I5"):
            invariants.check_all(replace(seen, members=fewer))
        with pytest.raises(AssertionError, match="I8"):
            invariants.i8_only_ours(replace(seen, members={where: set()}))
        with pytest.raises(AssertionError, match="I13"):
            invariants.check_all(replace(seen, said=["sent to c0001.v1@canary.example"]))
        world.people.opt_outs.append(OptOut(1, "ads_sharing", "customer_id", "never told"))
        with pytest.raises(AssertionError, match="I4"):
            invariants.i4_acknowledged_is_durable(seen)


def test_a_death_is_a_death() -> None:
    """A killed process keeps its lease and loses what it had not committed."""
    with world_of(1, SYNCS[:1]) as world:
        world.people.put(Person("c0001"))
        world.build()
        for plan in world.plan():
            world.approve(plan.plan_hash)
        world.deliver(Process(2, kill_at=12))
        assert world.process.number == 3
        converge(world)
        invariants.check_all(evidence(world, is_finished=True))


def test_while_one_process_sends_another_sends_nothing_for_that_account() -> None:
    with world_of(1, SYNCS[:1]) as world:
        world.people.put(Person("c0001"))
        world.build()
        for plan in world.plan():
            world.approve(plan.plan_hash)
        process = Process(2)
        process.interruptions.append((10, world.rival))
        world.deliver(process)
        rival, own = world.deliveries
        assert [str(one.reason)[:15] for one in rival.report.deliveries] == ["Another process"]
        assert [one.state for one in own.report.deliveries] == ["done"]
        assert len(world.truth.writes()) == 1


def test_a_row_in_doubt_that_the_vendor_refuses_is_not_removed_for_ever() -> None:
    """Its answer was lost, its approval ran out, its person left: one refusal is enough."""
    with world_of(1, SYNCS[1:2]) as world:
        world.people.put(Person("c0001", is_bad=True))
        world.people.put(Person("c0002"))
        world.build()
        for plan in world.plan():
            world.approve(plan.plan_hash)
        world.misbehave(["google"], 1.0, [{"kind": "drop"}])
        world.deliver()
        world.clock.pass_time(25 * 3_600)
        world.deliver()
        del world.people.people["c0001"]
        converge(world)
        invariants.check_all(evidence(world, is_finished=True))
