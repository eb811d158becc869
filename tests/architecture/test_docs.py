"""The documentation that people rely on: every key known, every public column described.

What lives here: the YAML of models and seeds against the list of keys that mean something.
What never does: whether a description is true; only a reader finds that out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.architecture.conftest import LAYERS, ROOT, Manifest

# dbt ignores a key it does not know, so a typo switches a test off without a word.
# semantic_models, metrics and exposures: dbt itself refuses an unknown key in them. anchors: what
# models share.
TOP = {
    "version", "models", "sources", "seeds", "unit_tests", "groups", "semantic_models", "metrics",
    "exposures", "anchors",
}  # fmt: skip
MODEL = {"name", "description", "config", "columns", "data_tests", "constraints", "time_spine"}
SEED = {"name", "description", "config", "columns", "data_tests"}
COLUMN = {
    "name", "description", "data_type", "config", "data_tests", "constraints", "quote",
    "granularity",
}  # fmt: skip
CONFIG = {
    "access", "alias", "column_types", "contract", "group", "materialized", "meta",
    "schema", "tags", "quote_columns",
}  # fmt: skip
CONTRACT = {"enforced", "alias_types"}
CONSTRAINT = {"type", "columns", "name", "expression"}
MODEL_META = {"sync"}
SYNC = {"destination", "object", "key", "kind", "schedule", "purpose"}
COLUMN_META = {
    "pii", "key", "required", "not_null", "minimum", "above", "values", "phone_region", "unit",
    "export_only", "person",
}  # fmt: skip
RAW_TABLE_META = {"on_erasure"}
PII = {"direct", "indirect", "sensitive"}
SOURCE = {"name", "description", "schema", "tables", "config", "database", "quoting"}
TABLE = {"name", "description", "columns", "config", "identifier", "quoting", "data_tests"}
QUOTING = {"identifier", "schema", "database"}
UNIT_TEST = {"name", "description", "model", "given", "expect", "overrides", "config"}
GIVEN = {"input", "rows", "format", "fixture"}
EXPECT = {"rows", "format", "fixture"}
OVERRIDES = {"vars", "macros", "env_vars"}
GROUP = {"name", "owner", "description", "config"}
OWNER = {"name", "email"}
TEST = {"name", "description", "arguments", "config"}
TEST_CONFIG = {"severity", "where", "error_if", "warn_if", "limit", "store_failures", "group"}
# Generic tests and the arguments each takes.
ARGUMENTS: Mapping[str, set[str]] = {
    "unique": set(),
    "not_null": set(),
    "accepted_values": {"values", "quote"},
    "relationships": {"to", "field"},
}
# Steps that nobody queries and staging describe their keys only.
COLUMNS_DESCRIBED_IN = ("marts", "audiences", "activation")


def test_every_key_means_something(yaml_files: Mapping[Path, Any]) -> None:
    wrong = [
        f"{path} {place}: unknown {', '.join(sorted(map(str, unknown)))}"
        for path, content in yaml_files.items()
        for place, unknown in unknown_keys(content)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_an_unknown_key_is_found_wherever_it_hides() -> None:
    content = {
        "version": 2,
        "models": [{
            "name": "m", "descripton": "typo",
            "columns": [{
                "name": "c", "tests": ["unique"],
                "data_tests": [{"accepted_values": {"argument": {"values": [1]}}}, "uniqe"],
                "config": {"meta": {"piii": "direct"}},
            }],
            "config": {"contract": {"enforce": True}, "meta": {"sync": {"dest": "x"}}},
        }],
        "unit_tests": [{"name": "u", "model": "m", "given": [{"inputs": "x"}], "expects": {}}],
    }  # fmt: skip
    found = {key for _, unknown in unknown_keys(content) for key in unknown}
    assert found == {
        "descripton", "tests", "argument", "uniqe", "piii", "enforce", "dest", "inputs", "expects",
    }  # fmt: skip


def test_every_model_stands_once_in_the_yaml_of_its_folder_in_order(
    manifest: Manifest, yaml_files: Mapping[Path, Any]
) -> None:
    wrong = []
    for folder in sorted({node.path.parent for node in manifest.models.values()}):
        file = Path("models") / folder / f"_{folder.name}__models.yml"
        here = sorted(n.name for n in manifest.models.values() if n.path.parent == folder)
        listed = [model["name"] for model in (yaml_files.get(file) or {}).get("models") or []]
        if sorted(listed) != here:
            wrong.append(f"{file}: differs in {sorted(set(listed) ^ set(here)) or 'repetition'}")
        elif listed != here:
            wrong.append(f"{file}: not in the order of the folder")
    assert not wrong, "\n".join(map(str, wrong))


def test_every_description_begins_with_the_grain(
    manifest: Manifest, yaml_files: Mapping[Path, Any]
) -> None:
    wrong = [
        node.name
        for node in manifest.models.values()
        if not node.description.startswith("One row per ")
        and not node.description.startswith("One row:")
    ]
    wrong += [
        entry["name"]
        for content in yaml_files.values()
        for entry in content.get("seeds") or []
        if not str(entry.get("description", "")).startswith("One row per ")
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_column_that_others_rely_on_is_described(manifest: Manifest) -> None:
    wrong = [
        f"{node.name}.{name}"
        for node in manifest.models.values()
        if node.access == "public" or node.layer in COLUMNS_DESCRIBED_IN
        for name, column in node.columns.items()
        if len(column["description"].strip()) < 4
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_every_public_model_enforces_its_contract_and_tests_its_key(
    manifest: Manifest,
) -> None:
    wrong = []
    for node in manifest.models.values():
        if node.access != "public" or node.layer not in LAYERS:
            continue
        if not node.is_contract_enforced:
            wrong.append(f"{node.name} enforces no contract")
        if not {(node.name, "primary_key"), (node.name, "unique")} & manifest.tested:
            wrong.append(f"{node.name} tests no key")
    assert not wrong, "\n".join(map(str, wrong))


def test_seeds_are_described(yaml_files: Mapping[Path, Any]) -> None:
    described = {
        entry["name"]: {column["name"] for column in entry.get("columns") or []}
        for content in yaml_files.values()
        for entry in content.get("seeds") or []
    }
    wrong = []
    for file in sorted((ROOT / "seeds").rglob("*.csv")):
        lines = file.read_text(encoding="utf-8").splitlines()
        header = set(lines[0].split(","))
        missing = header - described.get(file.stem, set())
        if missing:
            wrong.append(f"{file.stem}: {sorted(missing)}")
        if len(lines) > 1_001:
            wrong.append(f"{file.stem}: {len(lines) - 1} rows")
    assert not wrong, "\n".join(map(str, wrong))


def unknown_keys(content: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Places of a YAML file with keys that nothing reads."""
    yield from _extra("top", content, TOP)
    for kind, known in (("models", MODEL), ("seeds", SEED)):
        for entry in content.get(kind) or []:
            yield from _relation(entry["name"], entry, known, MODEL_META)
    for source in content.get("sources") or []:
        yield from _extra(source["name"], source, SOURCE)
        for table in source.get("tables") or []:
            place = f"{source['name']}.{table['name']}"
            yield from _extra(place, table.get("quoting") or {}, QUOTING)
            yield from _relation(place, table, TABLE, RAW_TABLE_META)
    for test in content.get("unit_tests") or []:
        yield from _unit_test(test)
    for group in content.get("groups") or []:
        yield from _extra(group["name"], group, GROUP)
        yield from _extra(group["name"], group.get("owner") or {}, OWNER)


def _extra(place: str, entry: Mapping[str, Any], known: set[str]) -> Iterator[tuple[str, set[str]]]:
    unknown = set(entry) - known
    if unknown:
        yield place, unknown


def _relation(
    place: str, entry: Mapping[str, Any], known: set[str], meta: set[str]
) -> Iterator[tuple[str, set[str]]]:
    yield from _extra(place, entry, known)
    yield from _config(place, entry, meta)
    yield from _tests(place, entry)
    for column in entry.get("columns") or []:
        where = f"{place}.{column['name']}"
        yield from _extra(where, column, COLUMN)
        yield from _config(where, column, COLUMN_META)
        yield from _tests(where, column)


def _config(
    place: str, entry: Mapping[str, Any], meta: set[str]
) -> Iterator[tuple[str, set[str]]]:
    config = entry.get("config") or {}
    yield from _extra(place, config, CONFIG)
    yield from _extra(place, config.get("contract") or {}, CONTRACT)
    declared = config.get("meta") or {}
    yield from _extra(place, declared, meta)
    yield from _extra(place, declared.get("sync") or {}, SYNC)
    if declared.get("pii", "direct") not in PII:
        yield place, {str(declared["pii"])}
    for constraint in entry.get("constraints") or []:
        yield from _extra(place, constraint, CONSTRAINT)


def _tests(place: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for test in entry.get("data_tests") or []:
        name, body = (test, {}) if isinstance(test, str) else next(iter(test.items()))
        if isinstance(test, dict) and len(test) > 1:
            yield place, set(test) - {name}
        if name not in known_tests():
            yield place, {name}
            continue
        yield from _extra(place, body or {}, TEST)
        yield from _extra(place, (body or {}).get("arguments") or {}, known_tests()[name])
        yield from _extra(place, (body or {}).get("config") or {}, TEST_CONFIG)


def known_tests() -> Mapping[str, set[str]]:
    """dbt's four generic tests and those of macros/generic_tests, with their arguments."""
    known = dict(ARGUMENTS)
    for file in sorted((ROOT / "macros" / "generic_tests").glob("*.sql")):
        head = file.read_text(encoding="utf-8").partition("{% test ")[2].partition("%}")[0]
        name, _, arguments = head.strip().partition("(")
        words = [word.split("=")[0].strip() for word in arguments.rstrip(") \n").split(",")]
        known[name] = set(words) - {"model", "column_name"}
    return known


def _unit_test(test: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    yield from _extra(test["name"], test, UNIT_TEST)
    for given in test.get("given") or []:
        yield from _extra(test["name"], given, GIVEN)
    yield from _extra(test["name"], test.get("expect") or {}, EXPECT)
    yield from _extra(test["name"], test.get("overrides") or {}, OVERRIDES)
