"""Creators post in every way, and what is true of a post fits what else is written of it."""

from __future__ import annotations

from orchestration.brand.creators import KINDS
from tests.unit.brand.conftest import Query

_POSTS = "truth.creator_posts t join creators.creator_post p using (post_id)"


def test_every_kind_of_post_occurs_and_every_answer(query: Query) -> None:
    assert query("select count(distinct kind) from truth.creator_posts") == [(len(KINDS),)]
    assert query("select count(distinct verdict) from truth.creator_posts") == [(4,)]


def test_nobody_is_judged_without_a_contract_and_all_are_with_one(query: Query) -> None:
    assert query(
        f"select count(*) from {_POSTS} left join creators.creator_contract c "
        "on c.creator_id = p.creator_id "
        "where (t.verdict = 'NOT_JUDGED') <> (c.contract_id is null)"
    ) == [(0,)]


def test_a_post_is_cleared_by_its_words_or_by_hand_after_its_last_edit(query: Query) -> None:
    assert query(
        f"select count(*) from {_POSTS} left join creators.creator_post_review r "
        "on r.post_id = t.post_id and r.reviewed_at >= coalesce(p.edited_at, p.posted_at) "
        "where t.verdict <> 'NOT_JUDGED' and t.is_cleared "
        "<> (coalesce(r.decision = 'disclosed', t.verdict = 'PASS'))"
    ) == [(0,)]
