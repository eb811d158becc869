{# A caption as the check reads it: words between single blanks, `|` where a reader pauses, `?`
   after a question, `@not` for a sign that crosses out, `¶` at the end of a line, `¦` where a platform
   folds the caption by its characters. Addresses, links and handles are one word each, so that
   nothing inside of them is read. #}

{%- set more = ' ?(see |voir |ver )?(more|mehr|más|mais|plus)( anzeigen| ansehen)?' %}
{%- set cut_end = '(…(' ~ more ~ ')?|[.][.][.]' ~ more ~ ')$' %}

with

posts as (
    select * from {{ ref('int_creator_posts') }}
),

platforms as (
    select * from {{ ref('disclosure_platforms') }}
),

lines as (
    select
        post_id,
        {{ regexp_replace_all("replace(replace(lower(" ~ nfc("coalesce(caption, '')")
            ~ "), '¶', ' '), '¦', ' ')", '\\r?\\n', '¶') }} as caption
    from posts
),

blanks as (
    select
        post_id,
        trim(
            replace(replace({{ regexp_replace_all('caption', '\\s+', ' ') }}, '＃', '#'), '#', ' #')
        ) as caption
    from lines
),

cuts as (
    select
        post_id,
        {{ regexp_like('caption', cut_end) }} as is_cut,
        {{ regexp_like('caption', '[𝐀-𝟿Ａ-ｚⓐ-ⓩ🄰-🆉]') }} as is_styled,
        {# A word that touches the cut may be the beginning of another one. #}
        {{ regexp_replace_all('caption', '[^ ¶]*' ~ cut_end, '') }} as caption
    from blanks
),

other_platforms as (
    select
        fold_characters,
        fold_lines,
        platform_label
    from platforms
    where platform = 'other'
),

rules as (
    select
        posts.post_id,
        coalesce(platforms.fold_characters, other_platforms.fold_characters) as fold_characters,
        coalesce(platforms.fold_lines, other_platforms.fold_lines) as fold_lines,
        coalesce(platforms.platform_label, other_platforms.platform_label) as platform_label
    from posts
    cross join other_platforms
    left join platforms
        on posts.platform = platforms.platform
),

heads as (
    select
        cuts.post_id,
        cuts.is_cut and length(cuts.caption) <= rules.fold_characters as is_cut_before_fold,
        cuts.is_styled,
        cuts.caption,
        rules.fold_lines,
        rules.platform_label,
        length(cuts.caption) > rules.fold_characters as is_folded,
        case
            when substr(cuts.caption, rules.fold_characters + 1, 1) in (' ', '¶', '')
                then substr(cuts.caption, 1, rules.fold_characters)
            {# A word that the fold cuts is read after it. #}
            else
                {{ regexp_replace_all(
                    'substr(cuts.caption, 1, rules.fold_characters)', '[^ ¶]+$', ''
                ) }}
        end as head
    from cuts
    inner join rules
        on cuts.post_id = rules.post_id
),

folded as (
    select
        post_id,
        is_cut_before_fold,
        is_styled,
        fold_lines,
        platform_label,
        case
            when is_folded
                then head || ' ¦ ' || substr(caption, length(head) + 1)
            else caption
        end as caption
    from heads
),

sentences as (
    select
        post_id,
        is_cut_before_fold,
        is_styled,
        fold_lines,
        platform_label,
        {{ regexp_replace_all(
            "replace(replace(caption, '…', ' | '), '¶', ' ¶ ')", '[.]+( |$)', ' | '
        ) }} as caption
    from folded
),

{# What a dot ties together without a blank is an address, and so is what stands around an @. #}
addresses as (
    select
        post_id,
        is_cut_before_fold,
        is_styled,
        fold_lines,
        platform_label,
        {{ regexp_replace_all(
            regexp_replace_all('caption', '[a-z0-9._+-]*@[^ ,;:!?()|…#/@]+', ' @name '),
            'https?://[^ ]*|[a-z0-9_-]+([.][a-z0-9_-]+)+(/[^ ]*)?', ' @link '
        ) }} as caption
    from sentences
),

{# A dash inside of a word ties it (ad-free), one beside a blank parts. #}
signs as (
    select
        post_id,
        is_cut_before_fold,
        is_styled,
        fold_lines,
        platform_label,
        replace({{ regexp_replace_all(
            regexp_replace_all("replace(caption, '?', ' ? ')", '[\\x27’‘`´]', ''),
            '(^| )[-_]+|[-_]+( |$)', ' | '
        ) }}, '-', '_') as caption
    from addresses
),

final as (
    select
        post_id,
        cast(fold_lines as {{ dbt.type_bigint() }}) as fold_lines,
        platform_label,
        {{ regexp_replace_all(
            "' | ' || " ~ letters_digits_and(
                regexp_replace_all('caption', '[🚫❌⛔]', ' @not '), '#@_?¶¦ ', ' | '
            ) ~ " || ' | '",
            ' +', ' '
        ) }} as words_text,
        is_cut_before_fold,
        is_styled
    from signs
)

select * from final
