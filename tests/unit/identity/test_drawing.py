"""The SVG is well-formed, stands alone, masks addresses and lets no label leave the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from orchestration.identity.drawing import draw
from orchestration.identity.explain import explain_identity
from orchestration.identity.scene import Group, Link, Node, Scene, scene_of
from orchestration.settings import Settings
from tests.unit.identity.test_report import QUESTIONS
from tests.unit.identity.test_scene import long_chain
from tests.unit.identity.world import addresses_in

SVG = "{http://www.w3.org/2000/svg}"


def drawn(settings: Settings, left: str, right: str | None) -> str:
    return draw(scene_of(explain_identity(settings, left, right)))


@pytest.mark.parametrize(("left", "right"), QUESTIONS)
def test_every_picture_is_well_formed_and_masked(
    shared_settings: Settings, left: str, right: str | None
) -> None:
    text = drawn(shared_settings, left, right)
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert addresses_in(text) == []
    assert not re.search(r"<script|href|url\(", text)


@pytest.mark.parametrize("count", [2, 12, 60, 61])
def test_every_label_stays_on_the_page(count: int) -> None:
    root = ElementTree.fromstring(draw(scene_of(long_chain(count))))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for text in root.iter(f"{SVG}text"):
        x, y, size = (float(text.attrib[name]) for name in ("x", "y", "font-size"))
        length = 0.58 * size * len(text.text or "")
        start = x - length / 2 if text.attrib.get("text-anchor") == "middle" else x
        assert start > 0
        assert start + length < width
        assert size < y < height


def test_the_page_brings_its_own_background(shared_settings: Settings) -> None:
    root = ElementTree.fromstring(drawn(shared_settings, "cus_ann", None))
    first = next(iter(root.iter(f"{SVG}rect")))
    assert first.attrib["fill"] == "#ffffff"
    assert first.attrib["width"] == root.attrib["width"]


def test_strength_way_and_stop_look_different(shared_settings: Settings) -> None:
    way = drawn(shared_settings, "shopify_order_id:102", "klaviyo_profile_id:K1")
    assert 'stroke-dasharray="8 5"' in way
    assert 'stroke="#ffb000"' in way
    assert "#c1121f" not in way
    assert "#c1121f" in drawn(shared_settings, "cus_ann", "cus_bob")


def test_the_same_question_gives_the_same_picture(shared_settings: Settings) -> None:
    assert drawn(shared_settings, "cus_ann", None) == drawn(shared_settings, "cus_ann", None)


def test_what_a_source_calls_its_records_is_escaped() -> None:
    node = Node(key="a", kind="<b>", number="&", date="", is_named=False)
    scene = Scene("<i>", (Group("g", (node,), ""),), (), (), (), (), (), ("1  <k>",))
    assert ElementTree.fromstring(draw(scene)) is not None


def test_a_kind_or_strength_that_is_new_is_drawn_nevertheless() -> None:
    nodes = tuple(Node(key, "receipt", key, "", False) for key in "ab")
    link = Link("a", "b", "S9", (1,), False)
    assert "receipt" in draw(Scene("t", (Group("g", nodes, ""),), (link,), (), (), (), (), ()))
