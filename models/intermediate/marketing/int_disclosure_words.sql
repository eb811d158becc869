{# Where each word of a caption stands: whether a reader sees it before she unfolds the caption, and
   whether it stands in a run of hashtags, which handles do not break. Signs are no words. #}

with

texts as (
    select * from {{ ref('int_disclosure_texts') }}
),

numbers as (
    {{ day_numbers() }}
),

starts as (
    select
        texts.post_id,
        texts.fold_lines,
        texts.words_text,
        numbers.day_number as place,
        lead(numbers.day_number) over (
            partition by texts.post_id order by numbers.day_number
        ) as next_place
    from texts
    inner join numbers
        on
        numbers.day_number between 1 and length(texts.words_text)
        and substr(texts.words_text, numbers.day_number, 1) = ' '
),

tokens as (
    select
        post_id,
        place,
        fold_lines,
        substr(words_text, place + 1, next_place - place - 1) as word,
        substr(words_text, place + 1) as text_from_here
    from starts
    where next_place is not null
),

placed as (
    select
        post_id,
        place,
        word,
        text_from_here,
        substr(word, 1, 1) = '#' as is_hashtag,
        substr(word, 1, 1) in ('#', '@') as is_tag,
        word not in ('|', '?', '¶', '¦') as is_word,
        sum(case when word in ('|', '?', '¶', '¦') then 0 else 1 end) over (
            partition by post_id order by place rows between unbounded preceding and current row
        ) as word_number,
        sum(case when word = '¶' then 1 else 0 end) over (
            partition by post_id order by place rows between unbounded preceding and current row
        ) >= fold_lines as is_below_lines,
        sum(case when word = '¦' then 1 else 0 end) over (
            partition by post_id order by place rows between unbounded preceding and current row
        ) > 0 as is_behind_characters,
        lag(word, 1) over (partition by post_id order by place) as word_before,
        lag(word, 2) over (partition by post_id order by place) as second_word_before,
        lag(word, 3) over (partition by post_id order by place) as third_word_before,
        lag(word, 4) over (partition by post_id order by place) as fourth_word_before
    from tokens
),

words as (
    select
        post_id,
        place,
        word,
        text_from_here,
        word_before,
        second_word_before,
        third_word_before,
        fourth_word_before,
        word_number,
        is_hashtag,
        is_tag,
        is_below_lines,
        is_behind_characters,
        word_number - row_number() over (
            partition by post_id, is_tag order by place
        ) as island
    from placed
    where is_word
),

final as (
    select
        post_id,
        place,
        word,
        {# Up to where the reader pauses. #}
        {{ regexp_first_group("replace(text_from_here, '#', '')", '^([^|?¶¦]+)') }} as phrase_text,
        {{ regexp_first_group('text_from_here', '^[^|?¶¦]+([|?¶¦])') }} as sign_after,
        word_before,
        second_word_before,
        third_word_before,
        fourth_word_before,
        cast(word_number as {{ dbt.type_bigint() }}) as word_number,
        is_hashtag,
        is_below_lines or is_behind_characters as is_after_fold,
        is_hashtag
        and sum(case when is_hashtag then 1 else 0 end)
            over (
                partition by post_id, is_tag, island
            )
        >= {{ var('disclosure_hashtag_run') }} as is_in_hashtag_run
    from words
)

select * from final
