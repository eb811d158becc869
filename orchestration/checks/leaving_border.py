"""Great Expectations at the border where rows leave: a suite per delivery, over a plan's rows.

What lives here: what every payload must keep, by the names of its columns, and the check of a
deterministic sample of at most 50,000 rows before a plan is sealed.
What never does: a vendor's own limits (destinations), values of rows in a result, an import of
Great Expectations at module level (it takes ten seconds).

A failure halts the plan: a person sees which expectation does not hold.
"""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd
from pandas.api.types import is_object_dtype, is_string_dtype

from orchestration.activation.spec import SyncSpec
from orchestration.checks.landing_border import ANNOUNCER
from orchestration.settings import Settings, exported

IDENTIFIERS = (
    "email", "phone_number", "email_sha256", "phone_sha256", "fbc", "fbp", "gclid", "gbraid",
    "wbraid", "ttclid", "ttp",
)  # fmt: skip
IDENTIFIER_COUNT = "identifier_count"
# SHA-256 of the empty text: a hash of nothing matches nobody and hides a defect.
_HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_PATTERNS = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "phone_number": r"^\+[1-9][0-9]{6,14}$",
    "country": r"^[A-Za-z]{2}$",
    "region_code": r"^[A-Za-z]{2}$",
    "currency": r"^[A-Z]{3}$",
    "event_at": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}",
    "conversion_value_amount": r"^-?\d+(?:\.\d{1,4})?$",
}
_SETS = {"ad_user_data": ["CONSENT_GRANTED"], "ad_personalization": ["CONSENT_GRANTED"]}
_NEVER_NULL = ("row_hash", "normaliser_version", "event_name", "event_at", "currency")
# What a browser wrote may hold any sign.
_FREE_TEXT = ("_url", "_user_agent")
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}

Expectation = tuple[str, dict[str, Any]]


class LeavingBorder:
    """Holds what would leave against its contract; one Great Expectations context for all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context: Any = None

    def __call__(self, spec: SyncSpec, frame: pd.DataFrame) -> tuple[str, ...]:
        """The expectations that do not hold, by name and column; never a value."""
        with exported(self._settings):
            return self._check(spec, with_identifier_count(frame))

    def _check(self, spec: SyncSpec, frame: pd.DataFrame) -> tuple[str, ...]:
        import great_expectations as gx
        from great_expectations import expectations

        if self._context is None:
            # It announces its temporary folders at INFO.
            logging.getLogger(ANNOUNCER).setLevel(logging.WARNING)
            self._context = gx.get_context(mode="ephemeral")
            self._context.variables.progress_bars = {"globally": False}
            self._context.data_sources.add_pandas("leaving")
        name = f"{spec.destination}.{spec.object}"
        suite = gx.ExpectationSuite(
            name=name,
            expectations=[
                getattr(expectations, kind)(**arguments)
                for kind, arguments in expectations_of(spec, frame)
            ],
        )
        source = self._context.data_sources.get("leaving")
        batch = (
            source.add_dataframe_asset(f"{name}.{len(source.assets)}")
            .add_batch_definition_whole_dataframe("all")
            .get_batch(batch_parameters={"dataframe": frame})
        )
        outcome = batch.validate(suite, result_format=_RESULT_FORMAT)
        return tuple(_name(one.expectation_config) for one in outcome.results if not one.success)


def expectations_of(spec: SyncSpec, frame: pd.DataFrame) -> list[Expectation]:
    """What these columns must keep: (class name, arguments)."""
    columns = [str(name) for name in frame.columns]
    chosen: list[Expectation] = [
        ("ExpectTableRowCountToBeBetween", {"min_value": 1}),
        ("ExpectColumnValuesToBeUnique", {"column": spec.key}),
        ("ExpectColumnValuesToNotBeNull", {"column": spec.key}),
    ]
    chosen += [
        ("ExpectColumnValuesToNotBeNull", {"column": name})
        for name in _NEVER_NULL
        if name in columns
    ]
    if IDENTIFIER_COUNT in columns:
        chosen.append(
            ("ExpectColumnValuesToBeBetween", {"column": IDENTIFIER_COUNT, "min_value": 1})
        )
    for name in columns:
        chosen += _of_column(name)
    if spec.purpose == "ads_sharing":
        chosen += _no_clear_address(spec, frame)
    return chosen


def with_identifier_count(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with how many identifiers each row carries, where it has columns for any."""
    present = [name for name in IDENTIFIERS if name in frame.columns]
    if not present:
        return frame
    filled = frame[present].notna() & (frame[present] != "")
    return frame.assign(**{IDENTIFIER_COUNT: filled.sum(axis=1)})


def _of_column(name: str) -> list[Expectation]:
    if name.endswith("_sha256"):
        return [
            (
                "ExpectColumnValuesToMatchRegex",
                {"column": name, "regex": "^[0-9a-f]{64}$"},
            ),
            (
                "ExpectColumnValuesToNotBeInSet",
                {"column": name, "value_set": [_HASH_OF_NOTHING]},
            ),
        ]
    if name in _PATTERNS:
        return [("ExpectColumnValuesToMatchRegex", {"column": name, "regex": _PATTERNS[name]})]
    if name in _SETS:
        return [("ExpectColumnValuesToBeInSet", {"column": name, "value_set": _SETS[name]})]
    return []


def _no_clear_address(spec: SyncSpec, frame: pd.DataFrame) -> list[Expectation]:
    """Ad platforms get hashes only, in whatever column an address may have slipped."""
    return [
        ("ExpectColumnValuesToNotMatchRegex", {"column": str(name), "regex": r"\S@\S"})
        for name in frame.columns
        if (is_object_dtype(frame[name]) or is_string_dtype(frame[name]))
        and name != spec.key
        and not str(name).endswith(_FREE_TEXT)
    ]


def _name(configuration: Any) -> str:
    return f"{configuration.type}({configuration.kwargs.get('column', '')})"
