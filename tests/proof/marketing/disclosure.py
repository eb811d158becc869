"""What the check of disclosures is worth on labelled captions: F1, precision, recall, false PASS.

What lives here: two sets of captions that a person labelled from the rules; the first stood before
the checker, the second was written after the checker's last change and nothing was tuned on it.
What never does: a rule of the check, or a label taken from what it said.
"""

from __future__ import annotations

import contextlib
import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from orchestration.brand.creators import KINDS, write_creators
from orchestration.brand.make import LAST_DAY
from orchestration.brand.window import Window
from orchestration.brand.writer import BrandWriter
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
    cast(null as varchar) as creator_contract_id, platform,
    language as caption_language, media_type, caption,
    cast(has_platform_label as boolean) as has_platform_label,
    cast(has_spoken_disclosure as boolean) as has_spoken_disclosure,
    cast(has_on_screen_disclosure as boolean) as has_on_screen_disclosure,
    timestamp '2026-03-01' as posted_at, cast(null as timestamp) as edited_at
from {captions};
create table given.stg_creators__contracts as
select 'shop' as source_relation, caption_id as creator_contract_id, caption_id as creator_id,
    relationship, timestamp '2026-01-01' as starts_at, cast(null as timestamp) as ends_at
from {captions}
where relationship <> 'none';
create table given.stg_creators__codes as
select 'shop' as source_relation, caption_id as creator_id, 'MIA10' as discount_code,
    timestamp '2026-01-01' as valid_from, cast(null as timestamp) as valid_to
from {captions};
"""
# The posts of the specification's example; 130 characters stand before the second one's hashtag.
_POSTS_01 = _STAGED.format(captions="""(
    select caption_id, 'instagram' as platform, language, 'image' as media_type, caption,
        label as has_platform_label, null as has_spoken_disclosure,
        null as has_on_screen_disclosure, 'paid' as relationship
    from (values
        ('first', 'en', '#ad Love this serum', false),
        ('late', 'en', 'Love this serum ' || repeat('so much ', 15) || '#ad', false),
        ('collab', 'en', '#collab with @x', false),
        ('language', 'de', 'Beste Creme #ad', false),
        ('adventure', 'en', '#adventure time', false),
        ('label', 'en', 'Love this serum', true)
    ) as posts (caption_id, language, caption, label)
)""")
ANSWERS_01 = {
    "first": ("PASS", "disclosed"), "late": ("FAIL", "after_fold"), "collab": ("FAIL", "weak"),
    "language": ("NEEDS_REVIEW", "other_language"), "adventure": ("FAIL", "nothing"),
    "label": ("NEEDS_REVIEW", "label_only"),
}  # fmt: skip
PERSONS, MONTHS, SEED = 4_000, 18, 741
_BRAND = """
create schema given;
create table given.stg_creators__posts as select * rename (
    _source_relation as source_relation, post_id as creator_post_id,
    contract_id as creator_contract_id, language as caption_language
) from '{folder}/creators/creator_post.parquet';
create table given.stg_creators__contracts as select * rename (
    _source_relation as source_relation, contract_id as creator_contract_id
) from '{folder}/creators/creator_contract.parquet';
create table given.stg_creators__codes as select * rename (
    _source_relation as source_relation, code as discount_code
) from '{folder}/creators/creator_code.parquet';
create table given.stg_creators__post_reviews as select * rename (
    _source_relation as source_relation, post_id as creator_post_id
) from '{folder}/creators/creator_post_review.parquet';
"""
_APART = f"""
select count(*), count(*) filter (checks.verdict is distinct from posts.verdict),
    {len(KINDS)} - count(distinct posts.kind)
from '{{folder}}/truth/creator_posts.parquet' as posts
left join given.fct_disclosure_checks as checks on checks.post_id = 'creators:' || posts.post_id
"""
# A flat fee for all agreed posts and no other; a fee per post for each cleared one up to them.
_FEES_APART = """
with cleared as (
    select creator_id, count(*) as posts, count(*) filter (is_cleared) as cleared
    from '{folder}/truth/creator_posts.parquet' group by creator_id
),
due as (
    select contracts.contract_id, case
        when fee_type = 'per_post' then fee_amount * least(cleared, agreed_post_count)
        when cleared = posts and cleared >= agreed_post_count then fee_amount
        else 0
    end as amount
    from '{folder}/creators/creator_contract.parquet' as contracts
    inner join cleared using (creator_id) where fee_amount is not null
)
select count(*), count(*) filter (
    fees.due_contract_amount is distinct from due.amount
    or (fees.fee_state = 'due') <> (fees.held_contract_amount = 0)
)
from due
left join given.fct_creator_fees as fees on fees.contract_id = 'creators:' || due.contract_id
"""


def tuned(quick: bool) -> Result:
    """The captions that stood before the checker: the bar of the specification."""
    return _scored(TUNED)


def unseen(quick: bool) -> Result:
    """The captions that were written after its last change."""
    return _scored(UNSEEN)


def _scored(captions: Path) -> Result:
    answers = verdicts(captions)
    pairs = [(expected, said) for _, expected, said, _ in answers]
    judged = [pair for pair in pairs if "NOT_JUDGED" not in pair]
    to_reject = [said for _, _, said, why in answers if why.startswith("reject")]
    rejects, false_pass = len(to_reject), to_reject.count("PASS")
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


def worked_posts(quick: bool) -> Result:
    """ftc_01: six posts, each with the verdict and the reason that the specification gives."""
    said = {key: (verdict, reason) for key, verdict, reason in _answers(_POSTS_01)}
    wrong = [key for key, answer in ANSWERS_01.items() if said[key] != answer]
    return passed(
        not wrong, f"{len(said)} posts, wrong: {', '.join(wrong) or 'none'}", "verdict and reason"
    )


def brand(quick: bool) -> Result:
    """Posts and fees of the simulated brand beside its truth."""
    with tempfile.TemporaryDirectory(prefix="tributary-creators-") as folder:
        window = Window.of(LAST_DAY, MONTHS)
        with BrandWriter(Path(folder), window.end) as writer:
            write_creators(writer, PERSONS, window, np.random.default_rng(SEED))
        with _models(_BRAND.format(folder=folder), (*MODELS, "fct_creator_fees")) as connection:
            posts, apart, missed = _row(connection, _APART.format(folder=folder))
            fees, wrong = _row(connection, _FEES_APART.format(folder=folder))
    figure = f"{posts} posts, {apart} with another verdict, {missed} kinds missing; "
    figure += f"{fees} fees, {wrong} with another amount or state"
    return passed(not apart + missed + wrong and fees > 0, figure, "all equal, every kind")


def _precision_recall(pairs: list[tuple[str, str]], verdict: str) -> tuple[float, float]:
    right = sum(expected == said == verdict for expected, said in pairs)
    given = sum(said == verdict for _, said in pairs)
    true = sum(expected == verdict for expected, _ in pairs)
    return (right / given if given else 0.0, right / true if true else 0.0)


@contextlib.contextmanager
def _models(given: str, models: tuple[str, ...]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that holds the staged tables of ``given``, the seeds, and the models."""
    with duckdb.connect() as connection:
        connection.execute(given)
        for seed in SEEDS:
            connection.execute(
                f"create table given.{seed} as from read_csv('{ROOT}/seeds/{seed}.csv')"
            )
        run_models(connection, models, {})
        yield connection


def _answers(given: str) -> list[tuple[str, str, str]]:
    with _models(given, MODELS) as connection:
        return connection.execute(
            "select split_part(post_id, ':', 2), verdict, reason from given.fct_disclosure_checks"
        ).fetchall()


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def verdicts(captions: Path) -> list[tuple[str, str, str, str]]:
    """Caption's id, expected verdict, the check's verdict, why it was expected; by id."""
    answers = _answers(_STAGED.format(captions=f"read_csv('{captions}', all_varchar = true)"))
    said = {key: verdict for key, verdict, _ in answers}
    with captions.open(encoding="utf-8", newline="") as file:
        return [
            (row["caption_id"], row["expected_verdict"], said[row["caption_id"]], row["why"])
            for row in csv.DictReader(file)
        ]


CLAIMS = [
    Claim("ftc_01", "Disclosures: the worked posts, verdict and reason", worked_posts),
    Claim("creators", "Disclosures and fees of the brand's creators equal its truth", brand),
    Claim("captions", "Disclosures: captions labelled before the checker", tuned),
    Claim("unseen_captions", "Disclosures: captions written after its last change", unseen),
]
