"""The strongest shortest way: weaker links cost more than any number of stronger ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from orchestration.identity import paths
from orchestration.identity.paths import strongest_path
from orchestration.identity.records import STRENGTHS, Edge, Identifier

START = datetime(2025, 1, 1)


def edge(left: str, right: str, strength: str, value: str | None = None, day: int = 0) -> Edge:
    shown = Identifier("email", "", value) if value is not None else None
    return Edge(left, right, f"rule_{strength}", shown, strength, START + timedelta(days=day))


def ways(edges: list[Edge], start: str, end: str) -> list[str] | None:
    steps = strongest_path(edges, [start], [end])
    return None if steps is None else [start, *(step.right_node for step in steps)]


@pytest.mark.parametrize(("strong", "weak"), list(pairwise(STRENGTHS)))
def test_a_longer_way_of_stronger_links_wins(strong: str, weak: str) -> None:
    edges = [
        edge("x", "y", weak, "direct"),
        edge("x", "a", strong, "1"), edge("a", "b", strong, "2"), edge("b", "y", strong, "3"),
    ]  # fmt: skip
    assert ways(edges, "x", "y") == ["x", "a", "b", "y"]
    assert ways(edges[:2], "x", "y") == ["x", "y"]


def test_of_equally_strong_ways_the_shortest_wins() -> None:
    edges = [
        edge("x", "a", "S2", "1"), edge("a", "b", "S2", "2"), edge("b", "y", "S2", "3"),
        edge("x", "c", "S2", "4"), edge("c", "y", "S2", "5"),
    ]  # fmt: skip
    assert ways(edges, "x", "y") == ["x", "c", "y"]


def test_a_chain_of_sightings_of_one_identifier_is_one_step() -> None:
    chain = [edge(str(at), str(at + 1), "S2", "mail", day=at) for at in range(6)]
    steps = strongest_path(chain, ["5"], ["1"])
    assert steps is not None
    (step,) = steps
    assert step.through == ("4", "3", "2")
    assert step.nodes == ("5", "4", "3", "2", "1")
    assert step.linked_at == START + timedelta(days=4)


def test_a_chain_counts_once_however_long() -> None:
    edges = [
        *(edge(str(at), str(at + 1), "S2", "mail") for at in range(9)),
        edge("0", "a", "S2", "p"), edge("a", "9", "S2", "q"),
    ]  # fmt: skip
    assert ways(edges, "0", "9") == ["0", "9"]


def test_an_identifier_that_rested_for_too_long_does_not_bridge_its_gap() -> None:
    edges = [edge("a", "b", "S2", "mail"), edge("c", "d", "S2", "mail"), edge("b", "c", "S3", "x")]
    assert ways(edges, "a", "d") == ["a", "b", "c", "d"]
    assert ways(edges[:2], "a", "d") is None


def test_links_by_hand_stand_each_for_itself() -> None:
    edges = [edge("a", "b", "S0"), edge("b", "c", "S0")]
    assert ways(edges, "a", "c") == ["a", "b", "c"]


def test_any_start_to_any_end() -> None:
    edges = [edge("a", "b", "S3", "1"), edge("c", "d", "S1", "2")]
    steps = strongest_path(edges, ["a", "c"], ["b", "d"])
    assert steps is not None
    assert [(step.left_node, step.right_node) for step in steps] == [("c", "d")]
    assert strongest_path(edges, ["a", "b"], ["b"]) == ()


def test_the_way_is_the_same_however_the_links_are_ordered() -> None:
    edges = [
        edge(left, right, "S2", f"{left}{right}")
        for left, right in (("x", "a"), ("x", "b"), ("a", "y"), ("b", "y"))
    ]
    assert ways(edges, "x", "y") == ways(edges[::-1], "x", "y")


def test_a_component_of_five_thousand_links_is_walked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edges = [edge(str(at), str(at + 1), f"S{1 + at % 4}", f"mail{at // 3}") for at in range(5_000)]
    pushed = []
    push = paths.heapq.heappush
    monkeypatch.setattr(
        paths.heapq, "heappush", lambda queue, one: (pushed.append(1), push(queue, one))
    )
    assert strongest_path(edges, ["0"], ["5000"])
    assert len(edges) / 2 < len(pushed) <= 2 * len(edges)
