"""What the check of disclosures is worth on labelled captions: F1, precision, recall, false PASS.

What lives here: two sets of captions that a person labelled from the rules; the first stood before
the checker, the second was written after the checker's last change and nothing was tuned on it.
What never does: a rule of the check, or a label taken from what it said.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import duckdb

from tests.proof.harness import ROOT, Claim, Result, passed
from tests.rendering_models import run_models

TUNED = ROOT / "tests" / "data" / "disclosure_captions.csv"
UNSEEN = ROOT / "tests" / "data" / "disclosure_captions_unseen.csv"
FAIL_F1 = 0.95
VERDICTS = ("PASS", "FAIL", "NEEDS_REVIEW")
SEEDS = ("disclosure_terms", "disclosure_platforms", "disclosure_media")
MODELS = (
    "int_creator_posts", "int_disclosure_texts", "int_disclosure_words", "int_disclosure_matches",
    "fct_disclosure_checks",
)  # fmt: skip

# Every caption is a post of a creator of its own, under a contract of the labelled relationship.
_STAGED = """
create schema given;
create table given.stg_creators__posts as
select 'shop' as source_relation, caption_id as creator_post_id, caption_id as creator_id,
    cast(null as varchar) as creator_contract_id, platform, language, media_type, caption,
    cast(has_platform_label as boolean) as has_platform_label,
    cast(has_spoken_disclosure as boolean) as has_spoken_disclosure,
    cast(has_on_screen_disclosure as boolean) as has_on_screen_disclosure,
    timestamp '2026-03-01' as posted_at, cast(null as timestamp) as edited_at
from read_csv('{captions}', all_varchar = true);
create table given.stg_creators__contracts as
select 'shop' as source_relation, caption_id as creator_contract_id, caption_id as creator_id,
    relationship, timestamp '2026-01-01' as starts_at, cast(null as timestamp) as ends_at
from read_csv('{captions}', all_varchar = true)
where relationship <> 'none';
create table given.stg_creators__codes as
select 'shop' as source_relation, caption_id as creator_id, 'MIA10' as discount_code,
    timestamp '2026-01-01' as valid_from, cast(null as timestamp) as valid_to
from read_csv('{captions}', all_varchar = true);
"""


def tuned(quick: bool) -> Result:
    """The captions that stood before the checker: the bar of the specification."""
    return _scored(TUNED)


def unseen(quick: bool) -> Result:
    """The captions that were written after its last change."""
    return _scored(UNSEEN)


def _scored(captions: Path) -> Result:
    pairs = [(expected, said) for _, expected, said, _ in verdicts(captions)]
    judged = [pair for pair in pairs if "NOT_JUDGED" not in pair]
    rejects = sum(why.startswith("reject") for *_, why in verdicts(captions))
    false_pass = sum(
        said == "PASS" for _, _, said, why in verdicts(captions) if why.startswith("reject")
    )
    scores = {verdict: _precision_recall(judged, verdict) for verdict in VERDICTS}
    precision, recall = scores["FAIL"]
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    confused = Counter(pair for pair in pairs if pair[0] != pair[1])
    figure = f"{len(pairs)} captions, FAIL F1 {f1:.3f}; " + "; ".join(
        f"{verdict} precision {precision:.3f} recall {recall:.3f}"
        for verdict, (precision, recall) in scores.items()
    )
    figure += f"; {false_pass} false PASS of {rejects} to reject; confused: " + (
        ", ".join(f"{count} {a} as {b}" for (a, b), count in sorted(confused.items())) or "none"
    )
    return passed(
        f1 >= FAIL_F1 and not false_pass, figure, f"FAIL F1 >= {FAIL_F1}, no false PASS to reject"
    )


def _precision_recall(pairs: list[tuple[str, str]], verdict: str) -> tuple[float, float]:
    right = sum(expected == said == verdict for expected, said in pairs)
    given = sum(said == verdict for _, said in pairs)
    true = sum(expected == verdict for expected, _ in pairs)
    return (right / given if given else 0.0, right / true if true else 0.0)


def verdicts(captions: Path) -> list[tuple[str, str, str, str]]:
    """Caption's id, expected verdict, the check's verdict, why it was expected; by id."""
    with duckdb.connect() as connection:
        connection.execute(_STAGED.format(captions=captions))
        for seed in SEEDS:
            connection.execute(
                f"create table given.{seed} as from read_csv('{ROOT}/seeds/{seed}.csv')"
            )
        run_models(connection, MODELS, {})
        said = dict(connection.execute(
            "select split_part(post_id, ':', 2), verdict from given.fct_disclosure_checks"
        ).fetchall())  # fmt: skip
    with captions.open(encoding="utf-8", newline="") as file:
        return [
            (row["caption_id"], row["expected_verdict"], said[row["caption_id"]], row["why"])
            for row in csv.DictReader(file)
        ]


CLAIMS = [
    Claim("captions", "Disclosures: captions labelled before the checker", tuned),
    Claim("unseen_captions", "Disclosures: captions written after its last change", unseen),
]
