{% macro exact(expression) %}
    {#- Amounts are summed as decimals: the sum does not depend on its order. -#}
    {{- return('cast(' ~ expression ~ ' as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro is_rating(rating) %}
    {{- return('(' ~ rating ~ ' between 0.999999999 and 5.000000001)') -}}
{% endmacro %}


{% macro newest(value, time, id, condition) -%}
    {#- An aggregate: `value` of the row with the newest `time`, then `id`, of those where `condition` holds. -#}
    {{- return(adapter.dispatch('newest', 'kpi_platform')(value, time, id, condition)) -}}
{%- endmacro %}

{% macro default__newest(value, time, id, condition) -%}
    {{- return(
        '(array_agg(' ~ value ~ ' order by ' ~ time ~ ' desc, ' ~ bytewise(id) ~ ' desc) filter (where ' ~ condition ~ '))[1]'
    ) -}}
{%- endmacro %}


{% macro percent(part, whole) -%}
    {#- `part` of `whole` in percent; NULL of nothing. -#}
    100 * cast({{ part }} as {{ canonical_type('float') }}) / nullif({{ whole }}, 0)
{%- endmacro %}
