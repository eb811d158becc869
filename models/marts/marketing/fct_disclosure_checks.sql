{# The order of the branches is the rule: a denial outweighs all, then what a reader cannot miss,
   then what a person must read, then what came too late, then words that tell nothing. #}

with

posts as (
    select * from {{ ref('int_creator_posts') }}
),

texts as (
    select * from {{ ref('int_disclosure_texts') }}
),

matches as (
    select * from {{ ref('int_disclosure_matches') }}
),

media as (
    select * from {{ ref('disclosure_media') }}
),

known_languages as (
    select language
    from {{ ref('disclosure_terms') }}
    where language <> '*'
    group by language
),

finding_ranks as (
    {%- set findings = [
        'denied', 'disclosed', 'opens_hashtag_run', 'question', 'other_language',
        'other_relationship', 'inside_sentence', 'unclear_words', 'after_fold', 'in_hashtag_run',
        'code', 'weak', 'link', 'doubted',
    ] %}
    {%- for finding in findings %}
        select
            '{{ finding }}' as finding,
            {{ loop.index }} as finding_rank
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

ranked_matches as (
    select
        matches.post_id,
        matches.matched_term,
        matches.finding,
        matches.word_number,
        finding_ranks.finding_rank,
        row_number() over (
            partition by matches.post_id
            order by
                finding_ranks.finding_rank,
                matches.place,
                -length(matches.matched_term),
                matches.matched_term
        ) as match_rank
    from matches
    inner join finding_ranks
        on matches.finding = finding_ranks.finding
),

first_matches as (
    select
        post_id,
        matched_term,
        finding,
        word_number,
        finding_rank
    from ranked_matches
    where match_rank = 1
),

match_counts as (
    select
        post_id,
        sum(case when finding = 'denied' then 1 else 0 end) as denial_count,
        sum(case when finding = 'doubted' then 1 else 0 end) as doubt_count,
        sum(case when finding = 'disclosed' then 1 else 0 end) as disclosure_count
    from matches
    group by post_id
),

captions as (
    select
        posts.post_id,
        posts.caption_language,
        posts.relationship,
        posts.has_platform_label and texts.platform_label = 'review' as is_label_read,
        coalesce(media.shows_and_tells, true) as shows_and_tells,
        coalesce(media.is_live, false) as is_live,
        known_languages.language is not null as is_language_known,
        posts.has_spoken_disclosure and posts.has_on_screen_disclosure as is_in_media,
        not posts.has_spoken_disclosure
        and not posts.has_on_screen_disclosure as is_absent_in_media,
        first_matches.matched_term,
        first_matches.word_number,
        case
            when
                match_counts.denial_count + match_counts.doubt_count > 0
                and match_counts.disclosure_count > 0
                then 'contradiction'
            when first_matches.finding_rank <= 8 then first_matches.finding
            when texts.is_cut_before_fold then 'cut_caption'
            when texts.is_styled then 'styled_letters'
            when first_matches.finding = 'doubted' then 'nothing'
            else coalesce(first_matches.finding, 'nothing')
        end as caption_finding
    from posts
    inner join texts
        on posts.post_id = texts.post_id
    left join media
        on posts.media_type = media.media_type
    left join known_languages
        on posts.caption_language = known_languages.language
    left join first_matches
        on posts.post_id = first_matches.post_id
    left join match_counts
        on posts.post_id = match_counts.post_id
),

caption_verdicts as (
    select
        *,
        case
            when caption_finding = 'disclosed' then 'PASS'
            when
                caption_finding in (
                    'denied', 'after_fold', 'in_hashtag_run', 'code', 'weak', 'link', 'nothing'
                )
                then 'FAIL'
            else 'NEEDS_REVIEW'
        end as caption_verdict
    from captions
),

reasons as (
    select
        *,
        case
            when relationship is null then 'no_relationship'
            when not is_language_known then 'unknown_language'
            when caption_finding = 'denied' and shows_and_tells and coalesce(is_in_media, false)
                then 'contradiction'
            when caption_finding = 'denied' then 'denied'
            when caption_verdict = 'FAIL' and is_label_read then 'label_only'
            when caption_verdict = 'NEEDS_REVIEW' or not shows_and_tells then caption_finding
            when coalesce(is_absent_in_media, false) and is_label_read then 'label_only'
            when coalesce(is_absent_in_media, false) and caption_verdict = 'PASS'
                then 'not_in_media'
            when coalesce(is_absent_in_media, false) then caption_finding
            when not coalesce(is_in_media, false) then 'media_not_seen'
            when caption_verdict = 'FAIL' then 'in_media_only'
            when is_live then 'live_repetition'
            else 'disclosed'
        end as reason
    from caption_verdicts
),

final as (
    select
        posts.post_id,
        posts.creator_id,
        posts.contract_id,
        posts.source_relation,
        posts.relationship,
        posts.platform,
        posts.caption_language,
        posts.media_type,
        case
            when reasons.reason = 'no_relationship' then 'NOT_JUDGED'
            when reasons.reason = 'disclosed' then 'PASS'
            when
                reasons.reason in (
                    'denied', 'after_fold', 'in_hashtag_run', 'code', 'weak', 'link', 'nothing',
                    'not_in_media'
                )
                then 'FAIL'
            else 'NEEDS_REVIEW'
        end as verdict,
        reasons.reason,
        case when posts.relationship is not null then reasons.caption_finding end
            as caption_finding,
        reasons.matched_term,
        reasons.word_number as matched_word_number,
        posts.has_platform_label,
        posts.posted_at,
        posts.edited_at
    from posts
    inner join reasons
        on posts.post_id = reasons.post_id
)

select * from final
