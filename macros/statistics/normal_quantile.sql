{# Standard normal quantile of a chance between 0 and 1 (both left out), after P. J. Acklam's
   rational approximation, relative error below 1.2e-9. A double: cast what is made of it before it
   is summed. #}
{% macro normal_quantile(chance) -%}
    {%- set tail = "sqrt(-2 * ln(least(" ~ chance ~ ", 1 - " ~ chance ~ ")))" -%}
    {%- set middle = "(" ~ chance ~ " - 0.5)" -%}
    {%- set square = "(" ~ middle ~ " * " ~ middle ~ ")" -%}
    {%- set tail_above = [
        '-7.784894002430293e-3', '-3.223964580411365e-1', '-2.400758277161838e0',
        '-2.549732539343734e0', '4.374664141464968e0', '2.938163982698783e0',
    ] -%}
    {%- set tail_below = [
        '7.784695709041462e-3', '3.224671290700398e-1', '2.445134137142996e0',
        '3.754408661907416e0', '1e0',
    ] -%}
    {%- set middle_above = [
        '-3.969683028665376e1', '2.209460984245205e2', '-2.759285104469687e2',
        '1.383577518672690e2', '-3.066479806614716e1', '2.506628277459239e0',
    ] -%}
    {%- set middle_below = [
        '-5.447609879822406e1', '1.615858368580409e2', '-1.556989798598866e2',
        '6.680131188771972e1', '-1.328068155288572e1', '1e0',
    ] -%}
    case
        when least({{ chance }}, 1 - {{ chance }}) < 0.02425
            then case when {{ chance }} < 0.5 then 1 else -1 end
            * {{ polynomial(tail, tail_above) }} / {{ polynomial(tail, tail_below) }}
        else {{ middle }}
            * {{ polynomial(square, middle_above) }} / {{ polynomial(square, middle_below) }}
    end
{%- endmacro %}

{# A polynomial by Horner's rule, the highest power first. #}
{% macro polynomial(expression, coefficients) -%}
    {%- set nested = namespace(text=coefficients[0]) -%}
    {%- for coefficient in coefficients[1:] -%}
        {%- set nested.text = "(" ~ nested.text ~ " * " ~ expression ~ " + " ~ coefficient ~ ")" -%}
    {%- endfor -%}
    {{ nested.text }}
{%- endmacro %}
