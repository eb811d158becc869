-- What people write differently and mean alike must meet; what differs must not.
{%- set nothing = "cast(null as " ~ dbt.type_string() ~ ")" %}
{%- set addresses = [
    ("12 Elm Street", "89501-1234", "US", "12 elm st.", "89501", "us", true),
    ("12 Elm St, Apt 4", "89501", "US", "12 Elm Street #4", "89501", "US", true),
    ("12 Elm St Unit 4", "89501", "US", "12  Elm St Apt. 4", "89501", "US", true),
    ("Hauptstraße 5", "10115", "DE", "Hauptstr. 5", "10115", "DE", true),
    ("Karl-Marx-Strasse 5", "10115", "DE", "Karl Marx Straße 5", "10115", "DE", true),
    ("5 High Road", "SW1A 1AA", "GB", "5 High Rd", "sw1a1aa", "GB", true),
    ("1 12th Street", "89501", "US", "11 2th Street", "89501", "US", false),
    ("12 Elm St Apt 4", "89501", "US", "12 Elm St Apt 5", "89501", "US", false),
    ("12 Elm St", "89501", "US", "12 Elm St", "89502", "US", false),
    ("12 Elm St", "10115", "US", "12 Elm St", "10115", "DE", false),
] -%}
{%- set names = [
    ("Ann", "Lee", "ANN", " lee ", true),
    ("Jean-Luc", "O''Neil", "Jean Luc", "ONeil", true),
    ("Ann", "Lee", "Anna", "Lee", false),
    ("Ann", "Lee", "Ann", "Leigh", false),
] %}
with

address_pairs as (
    {%- for street, zip, country, other_street, other_zip, other_country, is_equal in addresses %}
        select
            '{{ street }} and {{ other_street }}' as example,
            {{ is_equal | lower }} as expected,
            coalesce(
                {{ address_key("'" ~ street ~ "'", "'" ~ zip ~ "'", "'" ~ country ~ "'") }}
                = {{ address_key(
                    "'" ~ other_street ~ "'", "'" ~ other_zip ~ "'", "'" ~ other_country ~ "'"
                ) }},
                false
            ) as result
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

name_pairs as (
    {%- for first, last, other_first, other_last, is_equal in names %}
        select
            '{{ first }} and {{ other_first }}' as example,
            {{ is_equal | lower }} as expected,
            {{ whole_name_key("'" ~ first ~ "'", "'" ~ last ~ "'") }}
            = {{ whole_name_key("'" ~ other_first ~ "'", "'" ~ other_last ~ "'") }} as result
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

halves as (
    select
        'half an address is none' as example,
        true as expected,
        {{ address_key("'12 Elm St'", nothing, "'US'") }} is null
        and {{ address_key("' '", "'89501'", "'US'") }} is null as result
    union all
    select
        'half a name is none' as example,
        true as expected,
        {{ whole_name_key("'Ann'", nothing) }} is null as result
),

examples as (
    select * from address_pairs
    union all
    select * from name_pairs
    union all
    select * from halves
)

select * from examples
where expected <> result or result is null
