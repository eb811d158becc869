{# BG/NBD of Fader, Hardie and Lee (2005) for a customer of x repeat days, t_x weeks from her first
   to her last purchase and T weeks since the first; r, alpha, a, b are columns of doubles.

   What she may still buy: the part of P(alive)'s denominator that only repeaters have. #}
{% macro bg_nbd_dropout_odds(repeat_days, recency_weeks, age_weeks) -%}
    case
        when {{ repeat_days }} > 0
            then a / (b + {{ repeat_days }} - 1) * exp(
                least(
                    700,
                    (r + {{ repeat_days }})
                    * ln((alpha + {{ age_weeks }}) / (alpha + {{ recency_weeks }}))
                )
            )
        else 0
    end
{%- endmacro %}

{# Term j >= 1 of Gauss's series 2F1(a + b - 1 - r, a - 1; c; z), c = a + b + x - 1, less the factor
   (a + b - 1 - r) (a - 1) that all terms share. Euler's transformation of the series of the paper:
   its terms fall by z^j and a power of j besides, where the original's first rise with x. Split in
   what depends on j, on x and j, and on z and j; each is a logarithm. #}
{% macro bg_nbd_term_of_number(number) -%}
    {{ log_gamma("a + b - 1 - r + " ~ number) }} - {{ log_gamma("a + b - r") }}
    + {{ log_gamma("a - 1 + " ~ number) }} - {{ log_gamma("a") }}
    - {{ log_gamma(number ~ " + 1.0") }}
{%- endmacro %}

{% macro bg_nbd_term_of_repeats(repeat_days, number) -%}
    {{ log_gamma("a + b + " ~ repeat_days ~ " - 1") }}
    - {{ log_gamma("a + b + " ~ repeat_days ~ " - 1 + " ~ number) }}
{%- endmacro %}

{# Purchases of one who is alive for sure in the weeks to come; `series` is the sum of the terms. #}
{% macro bg_nbd_alive_purchases(repeat_days, age_weeks, weeks, series) -%}
    (a + b + {{ repeat_days }} - 1) / (a - 1) * (
        1 - exp((a - 1) * ln((alpha + {{ age_weeks }}) / (alpha + {{ age_weeks }} + {{ weeks }})))
        * (1 + (a + b - 1 - r) * (a - 1) * {{ series }})
    )
{%- endmacro %}
