"""The walls of the house, over the manifest.

What lives here: one test per wall; Python's are in test_rooms.py, imports in .importlinter.
What never does: a baseline of debt. A wall stands or the test fails.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from tests.architecture.conftest import (
    LAYERS,
    ROOT,
    SHELVES,
    Manifest,
    Node,
    vendor_of,
    without_comments,
)

READ_BY_ACTIVATION = ("commerce", "attribution", "margin", "consent", "customer")
# Names under which a person's own words travel.
PERSONAL = re.compile(
    r"^(billing_|shipping_|default_address_|matching_)?(email|phone|phone_number|phone_e164"
    r"|first_name|last_name|full_name|address|address_1|ip|ip_address|browser_ip)$"
)
# Names of what leads to a person without naming her.
POINTING = re.compile(
    r".*_sha256$|.*click_id$|external_id|extern_id|anonymous_id|browser_id|gclid|fbclid|ttclid"
    r"|fbc$|fbp$|user_agent|birth"
)
SEGMENTS = [
    row
    for row in csv.DictReader((ROOT / "seeds" / "segments.csv").read_text("utf-8").splitlines())
    if not row["waits_for"]
]
# An audience may read another one whose members it leaves out, and says so in the seed (ADR 57).
LEAVES_OUT = {
    f"audience_{row['segment']}": [f"audience_{name}" for name in row["left_out"].split("|")]
    for row in SEGMENTS
    if row["left_out"]
}


def reads(manifest: Manifest, node: Node) -> Iterator[Node]:
    for name in node.models:
        yield manifest.models[name]


def layer(manifest: Manifest, *names: str) -> list[Node]:
    return [node for node in manifest.models.values() if node.layer in names]


def test_only_staging_reads_sources_each_its_own_table_and_phones(manifest: Manifest) -> None:
    wrong = [
        f"{node.name} calls source()"
        for node in manifest.models.values()
        if node.layer != "staging" and node.sources
    ]
    wrong += [
        f"test {name} calls source()"
        for name, test in manifest.singular_tests.items()
        if any(parent.startswith("source.") for parent in test["depends_on"]["nodes"])
    ]
    for node in layer(manifest, "staging"):
        own = [table for table in node.sources if table != ("landing", "phone_number")]
        if len(own) != 1 or own[0][0] != node.shelf or node.models:
            wrong.append(f"{node.name} reads {[*node.sources, *node.models]}")
        if not node.name.startswith(f"stg_{node.shelf}__"):
            wrong.append(f"{node.name} is not named stg_{node.shelf}__…")
    assert not wrong, "\n".join(map(str, wrong))


def test_the_first_folder_is_the_layer_the_second_of_marts_the_shelf(manifest: Manifest) -> None:
    wrong = [
        str(node.path)
        for node in manifest.models.values()
        if node.layer not in LAYERS or (node.layer == "marts" and node.shelf not in SHELVES)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_a_model_reads_earlier_layers_and_shelves_only(manifest: Manifest) -> None:
    wrong = [
        f"{node.path} reads {parent.path}"
        for node in manifest.models.values()
        for parent in reads(manifest, node)
        if parent.rank > node.rank
        or (node.layer == parent.layer == "activation")
        or (node.layer == parent.layer == "audiences" and node.name not in LEAVES_OUT)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_audiences_read_marts_and_activation_reads_public_models(manifest: Manifest) -> None:
    wrong = [
        f"{node.name} reads {parent.path}"
        for node in layer(manifest, "audiences")
        for parent in reads(manifest, node)
        if parent.layer != "marts" and parent.name not in LEAVES_OUT.get(node.name, ())
    ]
    wrong += [
        f"{node.name} reads {parent.path} ({parent.access})"
        for node in layer(manifest, "activation")
        for parent in reads(manifest, node)
        if parent.access != "public"
        or not (
            parent.layer == "audiences"
            or (parent.layer == "marts" and parent.shelf in READ_BY_ACTIVATION)
        )
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_business_words_name_everything_between_staging_and_activation(
    manifest: Manifest,
) -> None:
    wrong = []
    for node in layer(manifest, "identity", "intermediate", "marts", "audiences"):
        if node.shelf == "marketing":
            continue
        aliases = re.findall(r"\bas\s+(\w+)", without_comments(node.code))
        names = {node.name, *node.path.parts, *node.columns, *aliases}
        wrong += [f"{node.path}: {name}" for name in sorted(names) if vendor_of(name)]
    assert not wrong, "\n".join(map(str, wrong))


def test_a_sync_model_says_whose_object_it_is(manifest: Manifest) -> None:
    wrong = []
    for node in layer(manifest, "activation"):
        sync = node.meta.get("sync") or {}
        if not node.name.startswith(f"sync_{sync.get('destination')}__"):
            wrong.append(f"{node.name} declares destination {sync.get('destination')}")
        if not node.is_contract_enforced:
            wrong.append(f"{node.name} enforces no contract")
        if not {"normaliser_version", "row_hash", sync.get("key")} <= set(node.columns):
            wrong.append(f"{node.name} lacks its key, normaliser_version or row_hash")
    assert not wrong, "\n".join(map(str, wrong))


def test_every_sync_model_asks_eligible(manifest: Manifest) -> None:
    wrong = [
        node.name for node in layer(manifest, "activation") if "eligible" not in node.macros
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_audiences_hold_the_rule_only(manifest: Manifest) -> None:
    wrong = []
    keys = {f"audience_{row['segment']}": row["member_key"] for row in SEGMENTS}
    for node in layer(manifest, "audiences"):
        if set(node.columns) != {keys[node.name], "reason", "entered_at"}:
            wrong.append(f"{node.name} has columns {sorted(node.columns)}")
        words = set(re.findall(r"\w+", without_comments(node.code)))
        contact_or_consent = {
            word for word in words if PERSONAL.match(word) or re.search(r"consent|_state$", word)
        }
        wrong += [f"{node.name} reads {word}" for word in sorted(contact_or_consent)]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_segment_that_waits_for_nothing_is_an_audience_and_has_a_version(
    manifest: Manifest,
) -> None:
    versions = (ROOT / "seeds" / "segment_versions.csv").read_text("utf-8").splitlines()
    named = {f"audience_{row['segment']}" for row in SEGMENTS}
    assert named == {node.name for node in layer(manifest, "audiences")}
    assert named == {f"audience_{row['segment']}" for row in csv.DictReader(versions)}


def test_an_audience_leaves_out_whom_the_seed_says(manifest: Manifest) -> None:
    read = {
        node.name: sorted(parent.name for parent in reads(manifest, node) if parent.shelf == "")
        for node in layer(manifest, "audiences")
    }
    assert {name: others for name, others in read.items() if others} == LEAVES_OUT


def may_hold_people(node: Node) -> bool:
    """Raw and staging aside: identity's own tables, the profile, and what is sent."""
    return (
        node.layer in ("staging", "activation")
        or (node.layer == "identity" and (node.access == "private" or node.name == "identity_map"))
        or node.name == "dim_customers"
        or node.materialized == "ephemeral"
    )


def test_personal_data_stands_where_it_may_and_is_tagged(manifest: Manifest) -> None:
    wrong = []
    for node in manifest.models.values():
        stored = {name for name in final_columns(node.code) | set(node.columns)}
        personal = {name for name in stored if PERSONAL.match(name)}
        tagged = node.personal_columns("direct")
        if not may_hold_people(node):
            wrong += [f"{node.name}.{name}" for name in sorted(personal | tagged)]
        elif node.layer not in ("staging",) and node.materialized != "ephemeral":
            wrong += [f"{node.name}.{name} is not tagged" for name in sorted(personal - tagged)]
    assert not wrong, "\n".join(map(str, wrong))


def test_whatever_tells_people_apart_is_tagged_where_it_leaves_and_nothing_sensitive_does(
    manifest: Manifest,
) -> None:
    sensitive = {
        name for node in manifest.models.values() for name in node.personal_columns("sensitive")
    }
    wrong = [
        f"{node.name}.{name}"
        for node in layer(manifest, "activation")
        for name in node.columns
        if (POINTING.match(name) and name not in node.personal_columns("indirect"))
        or name in sensitive
    ]
    assert not wrong, "\n".join(wrong)


def test_ads_platforms_get_hashes_only(manifest: Manifest) -> None:
    wrong = [
        f"{node.name}.{name}"
        for node in layer(manifest, "activation")
        if node.meta["sync"]["purpose"] == "ads_sharing"
        for name in node.columns
        if PERSONAL.match(name) or name in node.personal_columns("direct")
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_last_select_names_what_a_model_stores() -> None:
    code = """
        with a as (select email from b),
        final as (
            select customers.customer_id, lower(x) as email_sha256,
                {{ f('a, b') }} as y
            from a
        )
        select * from final
    """
    assert final_columns(code) == {"customer_id", "email_sha256", "y"}


def final_columns(code: str) -> set[str]:
    """Column names of the CTE ``final``, from the text; empty where it has no select list."""
    text = re.sub(r"\{\{.*?\}\}", "jinja", without_comments(code), flags=re.DOTALL)
    start = re.search(r"\bfinal as \(\s*select\b(.*)", text, flags=re.DOTALL)
    if start is None:
        return set()
    names, depth, item = set(), 0, ""
    for token in re.findall(r"\w+|[^\w\s]|\s+", start[1]):
        if depth == 0 and token in (",", ")", "from"):
            names.add(re.split(r"[\s.]+", item.strip())[-1])
            if token != ",":
                break
            item = ""
            continue
        depth += (token in ("(", "[")) - (token in (")", "]"))
        item += token
    return names - {"", "*"}
