"""A picture shows what it is about, counts what it leaves out, and masks every text."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from orchestration.identity.evidence import Component, Together
from orchestration.identity.explain import explain_identity
from orchestration.identity.paths import strongest_path
from orchestration.identity.records import Edge, Identifier
from orchestration.identity.resolve import Resolved
from orchestration.identity.scene import MOST_DRAWN, Scene, scene_of
from orchestration.settings import Settings
from tests.unit.identity.world import addresses_in


def scene(settings: Settings, left: str, right: str | None = None) -> Scene:
    return scene_of(explain_identity(settings, left, right))


def long_chain(count: int) -> Together:
    """One customer whose orders all show one address."""
    nodes = [f"main|shopify.order|{at}" for at in range(count)]
    shown = Identifier("email", "", "ann@work.example")
    at = datetime(2025, 1, 1)
    edges = [Edge(a, b, "email", shown, "S2", at) for a, b in pairwise(nodes)]
    names = [
        Resolved(kind="record", records=(node,), customers=("cus_ann",), starts=(node,))
        for node in (nodes[0], nodes[-1])
    ]
    return Together(
        left=names[0],
        right=names[1],
        customer_id="cus_ann",
        component=Component(dict.fromkeys(nodes, at), dict.fromkeys(nodes, "cus_ann"), (*edges,)),
        steps=strongest_path(edges, [nodes[0]], [nodes[-1]]),
    )


def test_the_way_is_marked_on_every_link_that_is_part_of_it(shared_settings: Settings) -> None:
    made = scene(shared_settings, "shopify_order_id:102", "klaviyo_profile_id:K1")
    assert [len(group.nodes) for group in made.groups] == [5]
    assert [link.is_on_path for link in made.links] == [True] * 4
    assert len(made.path) == 3
    strongest = {(link.left, link.right): link for link in made.links}[
        ("main|shopify.customer|1", "main|shopify.order|101")
    ]
    assert (strongest.strength, len(strongest.marks)) == ("S1", 2)
    named = {node.key for group in made.groups for node in group.nodes if node.is_named}
    assert named == {"main|shopify.order|102", "mail|klaviyo.person|K1"}


def test_a_browser_is_drawn_at_the_end_of_its_way(shared_settings: Settings) -> None:
    made = scene(shared_settings, "anonymous_id:D1", "shopify_order_id:102")
    assert "browser" in {node.kind for group in made.groups for node in group.nodes}
    strengths = [link.strength for link in made.links if "D1" in link.left + link.right]
    assert strengths == ["S4"]


def test_stops_between_two_customers_are_crossed_links(shared_settings: Settings) -> None:
    made = scene(shared_settings, "cus_ann", "bob@home.example")
    assert [group.title for group in made.groups] == ["cus_ann", "cus_bob"]
    first = made.crossed[0]
    assert (first.left, first.right, first.mark) == (
        "main|shopify.customer|1", "main|shopify.customer|2", "A",
    )  # fmt: skip
    assert made.stopped[0].startswith("A  conflict veto: phone +1******0101")


def test_an_identifier_stopped_as_a_whole_is_crossed_between_its_records(
    shared_settings: Settings,
) -> None:
    (crossed,) = scene(shared_settings, "cus_fay", "cus_bob").crossed
    assert {crossed.left, crossed.right} == {"main|shopify.order|501", "main|shopify.order|202"}


def test_no_text_of_a_picture_holds_an_address(shared_settings: Settings) -> None:
    for left, right in [
        ("annlee@gmail.com", "ann@work.example"), ("annlee@gmail.com", "bob@home.example"),
        ("ann@work.example", None), ("cus_fay", "office@tower.example"),
    ]:  # fmt: skip
        assert addresses_in(str(scene(shared_settings, left, right))) == []


def test_up_to_sixty_records_all_are_drawn() -> None:
    made = scene_of(long_chain(MOST_DRAWN))
    assert len(made.groups[0].nodes) == MOST_DRAWN
    assert made.groups[0].rest == ""


def test_of_more_only_the_way_is_drawn_and_the_rest_counted() -> None:
    made = scene_of(long_chain(MOST_DRAWN + 1))
    (group,) = made.groups
    assert [node.number for node in group.nodes] == ["0", "60"]
    assert group.rest == "not drawn: 59 × order"
    (link,) = made.links
    assert (link.is_on_path, link.between) == (True, 59)


def test_strangers_are_drawn_without_a_link(shared_settings: Settings) -> None:
    made = scene(shared_settings, "cus_cleo", "cus_ed")
    assert (made.links, made.crossed, made.common) == ((), (), ("No identifier.",))
    till = scene(shared_settings, "shopify_order_id:901", "cus_ed")
    assert {group.title for group in till.groups} == {"no customer", "cus_ed"}
