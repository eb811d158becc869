{# Every place of a caption where a term of the rules stands, and what it is worth there. #}

with

posts as (
    select * from {{ ref('int_creator_posts') }}
    where relationship is not null
),

words as (
    select * from {{ ref('int_disclosure_words') }}
),

terms as (
    select * from {{ ref('disclosure_terms') }}
),

codes as (
    select * from {{ ref('stg_creators__codes') }}
),

phrases as (
    select
        language,
        term,
        then_term,
        kind,
        tells,
        {{ regexp_first_group('term', '^([^ ]+)') }} as first_word
    from terms
    where kind not in ('negator', 'filler')
),

fillers as (
    select
        language,
        term
    from terms
    where kind = 'filler'
),

negators as (
    select
        language,
        term
    from terms
    where kind = 'negator'
),

{# A negator binds a term that follows at once or over fillers: "not a paid ad", and not
   "no filter #ad". #}
read_words as (
    select
        posts.post_id,
        posts.creator_id,
        posts.relationship,
        posts.caption_language,
        posts.posted_at,
        words.place,
        words.word_number,
        words.word,
        replace(words.word, '#', '') as bare_word,
        words.phrase_text,
        words.sign_after,
        words.is_hashtag,
        words.is_after_fold,
        words.is_in_hashtag_run,
        words.word_before in ('|', '?', '¶', '¦') or words.word_number = 1 as is_after_pause,
        first_negators.term is not null
        or (first_fillers.term is not null and second_negators.term is not null)
        or (
            first_fillers.term is not null
            and second_fillers.term is not null
            and (
                third_negators.term is not null
                or (third_fillers.term is not null and fourth_negators.term is not null)
            )
        ) as is_negated
    from words
    inner join posts
        on words.post_id = posts.post_id
    left join negators as first_negators
        on
        posts.caption_language = first_negators.language
        and replace(words.word_before, '#', '') = first_negators.term
    left join negators as second_negators
        on
        posts.caption_language = second_negators.language
        and replace(words.second_word_before, '#', '') = second_negators.term
    left join negators as third_negators
        on
        posts.caption_language = third_negators.language
        and replace(words.third_word_before, '#', '') = third_negators.term
    left join negators as fourth_negators
        on
        posts.caption_language = fourth_negators.language
        and replace(words.fourth_word_before, '#', '') = fourth_negators.term
    left join fillers as first_fillers
        on
        posts.caption_language = first_fillers.language
        and replace(words.word_before, '#', '') = first_fillers.term
    left join fillers as second_fillers
        on
        posts.caption_language = second_fillers.language
        and replace(words.second_word_before, '#', '') = second_fillers.term
    left join fillers as third_fillers
        on
        posts.caption_language = third_fillers.language
        and replace(words.third_word_before, '#', '') = third_fillers.term
),

found as (
    select
        read_words.post_id,
        read_words.place,
        phrases.term || coalesce(' … ' || phrases.then_term, '') as matched_term,
        phrases.kind,
        phrases.tells,
        phrases.language in (read_words.caption_language, '*') as is_own_language,
        read_words.phrase_text = phrases.term || ' ' as is_whole_phrase
    from read_words
    inner join phrases
        on read_words.bare_word = phrases.first_word
    where
        substr(read_words.phrase_text, 1, length(phrases.term) + 1) = phrases.term || ' '
        and (
            phrases.then_term is null
            or substr(read_words.phrase_text, length(phrases.term) + 1)
            like '% ' || phrases.then_term || ' %'
        )
    union all
    {# A word and something else in one: whether it can be told from it, a person sees. #}
    select
        post_id,
        place,
        bare_word as matched_term,
        'review' as kind,
        'any' as tells,
        true as is_own_language,
        false as is_whole_phrase
    from read_words
    where
        is_hashtag
        and {{ regexp_like(
            'bare_word', '.(partner|ambassador)$|^(gifted|werbung|anzeige|recebidos).'
        ) }}
        and bare_word not in (select terms.term from terms)
    union all
    select
        read_words.post_id,
        read_words.place,
        read_words.bare_word as matched_term,
        'code' as kind,
        'any' as tells,
        true as is_own_language,
        false as is_whole_phrase
    from read_words
    inner join codes
        on
        read_words.creator_id = codes.source_relation || ':' || codes.creator_id
        and upper(read_words.bare_word) = codes.discount_code
        and read_words.posted_at >= codes.valid_from
        and (codes.valid_to is null or read_words.posted_at < codes.valid_to)
    union all
    select
        post_id,
        place,
        'link' as matched_term,
        'link' as kind,
        'any' as tells,
        true as is_own_language,
        false as is_whole_phrase
    from read_words
    where word = '@link'
),

{# A word that two languages share is the post's own. #}
own_found as (
    select
        post_id,
        place,
        count(*) as own_count
    from found
    where is_own_language
    group by
        post_id,
        place
),

judged as (
    select
        found.post_id,
        found.place,
        found.matched_term,
        found.kind,
        read_words.word_number,
        case
            when found.kind in ('weak', 'code', 'link') then found.kind
            when found.kind = 'doubt' and found.is_own_language then 'doubted'
            when
                found.kind = 'review'
                and (
                    read_words.is_negated
                    or found.tells not in ('any', read_words.relationship)
                )
                then 'nothing'
            when found.is_own_language and found.kind = 'denial' then 'denied'
            when
                found.is_own_language
                and found.kind in ('label', 'tag', 'sentence')
                and read_words.is_negated
                then 'denied'
            when not found.is_own_language and found.kind not in ('label', 'tag', 'sentence')
                then 'nothing'
            when
                not found.is_own_language
                and (
                    coalesce(own_found.own_count, 0) > 0
                    or not (
                        found.kind = 'sentence'
                        or read_words.is_hashtag
                        or (found.kind = 'label' and read_words.word_number = 1)
                        or (read_words.is_after_pause and found.is_whole_phrase)
                    )
                )
                then 'nothing'
            when read_words.is_after_fold then 'after_fold'
            when read_words.is_in_hashtag_run and read_words.word_number = 1
                then 'opens_hashtag_run'
            when read_words.is_in_hashtag_run then 'in_hashtag_run'
            when
                found.is_whole_phrase
                and read_words.sign_after = '?'
                and found.kind <> 'review'
                then 'question'
            when not found.is_own_language then 'other_language'
            when found.kind = 'review' then 'unclear_words'
            when
                found.kind in ('label', 'tag')
                and not (
                    read_words.is_hashtag
                    or (found.kind = 'label' and read_words.word_number = 1)
                    or (read_words.is_after_pause and found.is_whole_phrase)
                )
                then 'inside_sentence'
            when found.tells not in ('any', read_words.relationship) then 'other_relationship'
            else 'disclosed'
        end as finding
    from found
    inner join read_words
        on
        found.post_id = read_words.post_id
        and found.place = read_words.place
    left join own_found
        on
        found.post_id = own_found.post_id
        and found.place = own_found.place
),

{# A word of two other languages is one finding. #}
final as (
    select
        post_id,
        matched_term,
        kind,
        finding,
        word_number,
        place
    from judged
    where finding <> 'nothing'
    group by
        post_id,
        matched_term,
        kind,
        finding,
        word_number,
        place
)

select * from final
