"""The one dbt runner: in process, with a kept manifest, under the warehouse lock.

What lives here: parse, build, test, compile of documentation, and what came of them, for people.
What never does: a model's name or rule, a query, Dagster. No text of it holds a row's value.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from filelock import FileLock

from orchestration.errors import TributaryError, WarehouseBusyError, without_values
from orchestration.resources import warehouse_lock
from orchestration.settings import Settings, exported

Status = Literal["passed", "warned", "failed", "skipped"]
ResultHandler = Callable[[dict[str, Any]], None]

_STATUSES: Mapping[str, Status] = {
    "success": "passed",
    "pass": "passed",
    "warn": "warned",
    "skipped": "skipped",
    "partial success": "failed",
}
# What dbt says of nodes that nothing is done for, such as exposures.
_NO_WORK = "no-op"
# Of whoever builds and tests: an opt-out that waits for a processor is answered before it.
_NICENESS = 10
_PARSED_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
_PARSED_FILES = ("dbt_project.yml", "profiles.yml")
_COUNT_OF_ROWS = re.compile(r"Got \d+ results?, configured to \w+ if [!<>=]+ ?\d+")
_RESULT_EVENTS = frozenset({"LogModelResult", "LogSeedResult", "LogTestResult"})
# Tests of code on fixed examples say nothing of the data: `dbt build` and `make test` run them.
_CODE_TESTS = ("test_type:unit", "path:tests/dbt/identifiers", "path:tests/dbt/engine")
# Errors about the statement: they name columns and relations, which people need to see whole.
_ABOUT_THE_STATEMENT = re.compile(r"(Binder|Catalog|Parser|Compilation|Dependency|Not implemented)")


class DbtFailedError(TributaryError):
    """dbt could not start: the project does not parse, or its profile is wrong."""


@dataclass(frozen=True)
class NodeResult:
    """One model, seed or test: ``seconds`` of its own work, a message that holds no row's value."""

    name: str
    resource_type: str
    layer: str
    status: Status
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class BuildResult:
    """What one invocation came to."""

    nodes: tuple[NodeResult, ...]
    seconds: float

    @property
    def succeeded(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.status == "failed")

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Resource type (model, seed, test, unit_test) → status → how many."""
        counts: dict[str, dict[str, int]] = {}
        for (kind, status), count in sorted(
            Counter((node.resource_type, str(node.status)) for node in self.nodes).items()
        ):
            counts.setdefault(kind, {})[status] = count
        return counts

    @property
    def seconds_by_layer(self) -> dict[str, float]:
        """Seconds of work per layer; with two threads they add up to more than ``seconds``."""
        layers: dict[str, float] = {}
        for node in self.nodes:
            layers[node.layer] = layers.get(node.layer, 0.0) + node.seconds
        return {layer: round(seconds, 2) for layer, seconds in layers.items()}

    def raise_for_failures(self) -> None:
        """Raise BuildFailedError where a node failed."""
        if self.failures:
            raise BuildFailedError(self)


class BuildFailedError(TributaryError):
    """Models or tests failed; ``result`` holds every node, ``hint`` what may be behind it."""

    def __init__(self, result: BuildResult, hint: str = "") -> None:
        shown = [f"{node.name}: {node.message}" for node in result.failures[:5]]
        more = len(result.failures) - len(shown)
        super().__init__(
            f"{len(result.failures)} of {len(result.nodes)} dbt nodes failed. "
            + " | ".join(shown)
            + (f" | and {more} more" if more else "")
            + (f" | {hint}" if hint else ""),
            remedy="Mend the named models or the rows that they refuse, then run "
            "`tributary build` again; nothing was published.",
        )
        self.result = result


@dataclass
class DbtProject:
    """The dbt project of ``settings``; keep one per process, its second invocation is quick."""

    settings: Settings
    _manifests: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def target_path(self) -> Path:
        return self.settings.home / "target"

    @property
    def manifest_path(self) -> Path:
        """Where ``parse`` leaves ``manifest.json``."""
        return self.target_path / "manifest.json"

    def parse(self) -> Path:
        """Write the manifest of the project as it stands; returns its path.

        Raises:
            DbtFailedError: the project does not parse.
        """
        with self._lock:
            self._parsed({})
        return self.manifest_path

    def current_manifest(self) -> Path:
        """The manifest's path; parses only where a project file changed since."""
        stamp = self.target_path / "manifest.fingerprint"
        known = stamp.read_text(encoding="utf-8") if stamp.exists() else None
        if self.manifest_path.exists() and known == self._fingerprint({}):
            return self.manifest_path
        return self.parse()

    def variable(self, name: str) -> Any:
        """The value that ``dbt_project.yml`` gives a variable; None where it gives none."""
        text = (self.settings.project_dir / "dbt_project.yml").read_text(encoding="utf-8")
        return (yaml.safe_load(text).get("vars") or {}).get(name)

    def build(
        self,
        select: Sequence[str] | None = None,
        *,
        indirect_selection: Literal["eager", "empty"] = "eager",
        full_refresh: bool = False,
        vars: Mapping[str, Any] | None = None,
        on_result: ResultHandler | None = None,
    ) -> BuildResult:
        """Seeds, models and the tests of their data, in order of lineage.

        Args:
            select: dbt selectors; all nodes if None.
            indirect_selection: with ``empty`` only the tests that ``select`` names run.
            full_refresh: build incremental models anew.
            vars: values over those of ``dbt_project.yml``.
            on_result: receives dbt's structured event of each finished node, as it comes.

        Raises:
            DbtFailedError: dbt could not start.
            WarehouseBusyError: another process kept the warehouse.
        """
        flags = ["--indirect-selection", indirect_selection, "--exclude", *_CODE_TESTS]
        flags += ["--full-refresh"] if full_refresh else []
        return self._run("build", [*_selection(select), *flags], vars or {}, on_result)

    def test(
        self, select: Sequence[str] | None = None, *, vars: Mapping[str, Any] | None = None
    ) -> BuildResult:
        """Tests only, on what stands in the warehouse. Raises as ``build`` does."""
        return self._run("test", _selection(select), vars or {}, None)

    def docs(self) -> Path:
        """Write dbt's documentation site; returns its index page. Raises as ``build`` does."""
        with self._lock:
            manifest = self._parsed({})
            self._invoke(["docs", "generate"], {}, manifest, None, writes_json=True)
        return self.target_path / "index.html"

    def _run(
        self,
        command: str,
        arguments: list[str],
        vars: Mapping[str, Any],
        on_result: ResultHandler | None,
    ) -> BuildResult:
        _give_way()
        with self._lock:
            manifest = self._parsed(vars)
            outcome = self._invoke(
                [command, *arguments], vars, manifest, on_result, writes_json=False
            )
        return BuildResult(
            nodes=tuple(
                _node_result(result) for result in outcome.results if str(result.status) != _NO_WORK
            ),
            seconds=round(float(outcome.elapsed_time), 2),
        )

    def _parsed(self, vars: Mapping[str, Any]) -> Any:
        """The manifest for these vars, kept while no file of the project changes."""
        fingerprint = self._fingerprint(vars)
        if fingerprint not in self._manifests:
            self.target_path.mkdir(parents=True, exist_ok=True)
            with FileLock(self.target_path / "parse.lock"):
                manifest = self._invoke(["parse"], vars, None, None, writes_json=not vars)
                if not vars:
                    stamp = self.target_path / "manifest.fingerprint"
                    stamp.write_text(fingerprint, encoding="utf-8")
            self._manifests = {fingerprint: manifest}
        return _uncompiled(self._manifests[fingerprint])

    def _fingerprint(self, vars: Mapping[str, Any]) -> str:
        root = self.settings.project_dir
        files = [root / name for name in _PARSED_FILES]
        for folder in _PARSED_FOLDERS:
            files += sorted(path for path in (root / folder).rglob("*") if path.is_file())
        digest = hashlib.sha256(json.dumps(dict(vars), sort_keys=True, default=str).encode())
        for file in files:
            stat = file.stat()
            digest.update(f"{file}\0{stat.st_mtime_ns}\0{stat.st_size}\0".encode())
        return digest.hexdigest()

    def _invoke(
        self,
        arguments: list[str],
        vars: Mapping[str, Any],
        manifest: Any,
        on_result: ResultHandler | None,
        *,
        writes_json: bool,
    ) -> Any:
        from dbt.cli.main import dbtRunner
        from dbt_common.events.functions import msg_to_dict

        options = [
            *("--project-dir", str(self.settings.project_dir)),
            *("--profiles-dir", str(self.settings.project_dir)),
            *("--target-path", str(self.target_path)),
            *("--log-path", str(self.settings.home / "logs")),
            *("--log-level", "none", "--log-level-file", "none"),
            *("--vars", json.dumps(dict(vars), default=str)),
            "--write-json" if writes_json else "--no-write-json",
        ]

        def handle(event: Any) -> None:
            if on_result is not None and event.info.name in _RESULT_EVENTS:
                on_result(msg_to_dict(event))

        opens_warehouse = arguments[0] != "parse"
        with self._door(arguments[0], opens_warehouse):
            outcome = dbtRunner(manifest=manifest, callbacks=[handle]).invoke(
                [*arguments, *options]
            )
            if outcome.exception is not None or outcome.result is None:
                raise _start_error(outcome.exception)
            return outcome.result

    @contextmanager
    def _door(self, command: str, opens_warehouse: bool) -> Iterator[None]:
        lock: AbstractContextManager[None] = (
            warehouse_lock(self.settings, f"dbt {command}") if opens_warehouse else nullcontext()
        )
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with lock, exported(self.settings):
            try:
                yield
            finally:
                if opens_warehouse:
                    _let_go()


def _uncompiled(manifest: Any) -> Any:
    """The manifest without what a former invocation compiled: dbt would take an ephemeral model for
    written already, and the models that read it would look for a table that is not there."""
    for node in manifest.nodes.values():
        if getattr(node, "extra_ctes_injected", False) or getattr(node, "compiled", False):
            node.compiled, node.compiled_code = False, None
            node.extra_ctes_injected, node.extra_ctes = False, []
    return manifest


def _give_way() -> None:
    """Lower the priority of this thread and of all that it starts, dbt's and the engine's among
    them, for good: only a privileged process could take it back."""
    os.nice(max(_NICENESS - os.getpriority(os.PRIO_PROCESS, 0), 0))


def _let_go() -> None:
    """dbt keeps the file after ``invoke``: whoever comes next would find it locked."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()
    # The environment closes with its last reference; a failed node's traceback may hold one.
    gc.collect()


def _selection(select: Sequence[str] | None) -> list[str]:
    return ["--select", *select] if select else []


def _node_result(result: Any) -> NodeResult:
    status = _STATUSES.get(str(result.status), "failed")
    return NodeResult(
        name=result.node.name,
        resource_type=str(result.node.resource_type),
        layer=layer_of(str(result.node.resource_type), result.node.fqn),
        status=status,
        seconds=round(float(result.execution_time), 3),
        message=_message(result) if status in ("failed", "warned") else "",
    )


def _message(result: Any) -> str:
    """dbt's message, and what the test says to do (``meta.remedy``)."""
    remedy = (result.node.config.meta or {}).get("remedy")
    return safe_message(result.message or "") + (f". {remedy}" if remedy else "")


def layer_of(resource_type: str, fqn: Sequence[str]) -> str:
    """Layer of a node by its folder: seeds, tests, the shelf of a mart, or the first folder."""
    if resource_type != "model":
        return {"seed": "seeds"}.get(resource_type, "tests")
    folders = list(fqn[1:-1])
    if folders[:1] == ["marts"]:
        folders = folders[1:]
    return folders[0] if folders else "models"


def safe_message(message: str) -> str:
    """The first lines of dbt's message, without anything that could be a row's value.

    A message about a statement stays as it is; in one about data, quoted text, long numbers and
    addresses become ``…``.
    """
    if _COUNT_OF_ROWS.fullmatch(message.strip()):
        return message.strip()
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    text = " ".join(_without_source(lines))[:400]
    return text if _ABOUT_THE_STATEMENT.search(text) else without_values(text)


def _without_source(lines: Iterable[str]) -> Iterator[str]:
    """Up to three lines, ended by the excerpt of the statement that DuckDB appends."""
    for number, line in enumerate(lines):
        if number == 3 or line.startswith(("LINE ", "compiled code at", "^")):
            return
        yield line


def _start_error(exception: BaseException | None) -> Exception:
    if exception is not None and not isinstance(exception, Exception):
        raise exception  # an interrupt is no failure of the project
    text = str(exception) if exception else "dbt gave no result"
    if "Could not set lock" in text or "Conflicting lock" in text:
        return WarehouseBusyError(
            "The warehouse is open in another process.",
            remedy="Wait until that build or session ends and run this again.",
        )
    return DbtFailedError(
        f"dbt could not start: {safe_message(text)}",
        remedy="Mend the named file; `dbt parse` shows the whole message.",
    )
