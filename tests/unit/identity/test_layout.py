"""Records stand apart, linked ones near, and the same graph gives the same picture."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import hypot

import pytest

from orchestration.identity.layout import BOX, Place, flipped, place_nodes


def chain(count: int) -> tuple[list[str], list[tuple[str, str]]]:
    nodes = [f"n{at:02}" for at in range(count)]
    return nodes, list(pairwise(nodes))


def star(count: int) -> tuple[list[str], list[tuple[str, str]]]:
    nodes = [f"n{at:02}" for at in range(count)]
    return nodes, [(nodes[0], other) for other in nodes[1:]]


def overlaps(places: dict[str, Place]) -> list[tuple[str, str]]:
    return [
        (a, b)
        for a, b in combinations(places, 2)
        if abs(places[a][0] - places[b][0]) < BOX[0] - 1
        and abs(places[a][1] - places[b][1]) < BOX[1] - 1
    ]


@pytest.mark.parametrize("graph", [chain(2), chain(7), chain(60), star(9), star(60), (["a"], [])])
def test_no_two_records_overlap_and_none_leaves_the_page(
    graph: tuple[list[str], list[tuple[str, str]]],
) -> None:
    places = place_nodes(*graph)
    assert list(places) == graph[0]
    assert overlaps(places) == []
    assert min(x for x, _ in places.values()) == min(y for _, y in places.values()) == 0.0


def test_linked_records_stand_nearer_than_others() -> None:
    nodes, links = chain(8)
    at = place_nodes(nodes, links)
    far = hypot(at["n00"][0] - at["n07"][0], at["n00"][1] - at["n07"][1])
    for a, b in links:
        assert hypot(at[a][0] - at[b][0], at[a][1] - at[b][1]) < far / 2


def test_records_without_a_link_are_placed_too() -> None:
    assert overlaps(place_nodes(["a", "b", "c"], [("a", "b")])) == []
    assert place_nodes([], []) == {}


def test_the_same_graph_gives_the_same_picture() -> None:
    assert place_nodes(*star(20)) == place_nodes(*star(20))


def test_a_picture_can_be_mirrored() -> None:
    places = {"a": (0.0, 0.0), "b": (10.0, 4.0)}
    assert flipped(places, True, False) == {"a": (10.0, 0.0), "b": (0.0, 4.0)}
    assert flipped(places, False, True) == {"a": (0.0, 4.0), "b": (10.0, 0.0)}
