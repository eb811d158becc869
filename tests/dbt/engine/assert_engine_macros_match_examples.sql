-- One example a row: what was expected, what this engine gives.
{%- set nothing = "cast(null as " ~ dbt.type_string() ~ ")" -%}
{%- set seven = "cast(7 as " ~ dbt.type_bigint() ~ ")" %}
with

examples as (
    select
        'row_hash tells where a value ends' as example,
        'true' as expected,
        case
            when
                {{ row_hash(["'ab'", "'c'"]) }}
                <> {{ row_hash(["'a'", "'bc'"]) }}
                then 'true'
        end as result
    union all
    select
        'row_hash tells null from the empty text' as example,
        'true' as expected,
        case
            when
                {{ row_hash(["''"]) }}
                <> {{ row_hash([nothing]) }}
                then 'true'
        end as result
    union all
    select
        'row_hash tells null from the word' as example,
        'true' as expected,
        case
            when
                {{ row_hash(["'null'"]) }}
                <> {{ row_hash([nothing]) }}
                then 'true'
        end as result
    union all
    select
        'md5_hex' as example,
        '900150983cd24fb0d6963f7d28e17f72' as expected,
        {{ md5_hex("'abc'") }} as result
    union all
    select
        'sha256_hex' as example,
        'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' as expected,
        {{ sha256_hex("'abc'") }} as result
    union all
    select
        'concat_text counts null as empty' as example,
        'a--1' as expected,
        {{ concat_text(["'a'", nothing, "1"], '-') }} as result
    union all
    select
        'regexp_replace_all replaces each match' as example,
        'a.b.c' as expected,
        {{ regexp_replace_all("'a  b c'", '\\s+', '.') }} as result
    union all
    select
        'regexp_first_group' as example,
        '42' as expected,
        {{ regexp_first_group("'/products?id=42&x=1'", '[?&]id=([0-9]+)') }} as result
    union all
    select
        'regexp_first_group without a match' as example,
        'null' as expected,
        coalesce({{ regexp_first_group("'/products'", '[?&]id=([0-9]+)') }}, 'null') as result
    union all
    select
        'letters_and_digits keeps every script' as example,
        'élan정7' as expected,
        {{ letters_and_digits("'é-l a’n정_7!'") }} as result
    union all
    select
        'day_of_week: 2026-11-23 is a Monday' as example,
        '1' as expected,
        cast({{ day_of_week("cast('2026-11-23' as date)") }} as {{ dbt.type_string() }}) as result
    union all
    select
        'day_of_week: 2026-11-29 is a Sunday' as example,
        '7' as expected,
        cast({{ day_of_week("cast('2026-11-29' as date)") }} as {{ dbt.type_string() }}) as result
    union all
    select
        'iso_utc drops what is below the second' as example,
        '2026-11-29T23:59:58Z' as expected,
        {{ iso_utc("cast('2026-11-29 23:59:58.7' as " ~ dbt.type_timestamp() ~ ")") }} as result
    union all
    select
        'unix_milliseconds_text' as example,
        '1796083198000' as expected,
        {{ unix_milliseconds_text("cast('2026-11-30 23:59:58' as " ~ dbt.type_timestamp() ~ ")") }}
            as result
    union all
    select
        'letters_digits_and keeps what it is told to' as example,
        'café #1 | @x' as expected,
        {{ letters_digits_and("'café #1✨!?@x'", '#@ ', ' | ') }} as result
    union all
    select
        'order_label of another round is another order' as example,
        'true' as expected,
        case
            when
                {{ order_label(seven, 1) }}
                <> {{ order_label(seven, 2) }}
                then 'true'
        end as result
    union all
    select
        'poisson_weight of 5e2d58d8b3bcdfffffffffffffffffff' as example,
        '0' as expected,
        cast({{ poisson_weight("'5e2d58d8b3bcdfffffffffffffffffff'") }} as {{ dbt.type_string() }}) as result
    union all
    select
        'poisson_weight of 5e2d58d8b3bce0000000000000000000' as example,
        '1' as expected,
        cast({{ poisson_weight("'5e2d58d8b3bce0000000000000000000'") }} as {{ dbt.type_string() }}) as result
    union all
    select
        'poisson_weight of fffffe216e642ee00000000000000000' as example,
        '10' as expected,
        cast({{ poisson_weight("'fffffe216e642ee00000000000000000'") }} as {{ dbt.type_string() }}) as result
    union all
    select
        'least_common_multiple of 1 to 20' as example,
        '232792560' as expected,
        '{{ least_common_multiple(20) }}' as result
)

select
    example,
    expected,
    result
from examples
where coalesce(result, 'null') <> expected
