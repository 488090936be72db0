{% macro exact(expression) %}
    {#- Amounts are summed as decimals: the sum does not depend on its order. -#}
    {{- return('cast(' ~ expression ~ ' as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro is_rating(rating, lowest, highest) %}
    {#- Whether a rating lies on the scale, with the tolerance of 1e-9. -#}
    {{- return('(' ~ rating ~ ' between ' ~ lowest ~ ' - 0.000000001 and ' ~ highest ~ ' + 0.000000001)') -}}
{% endmacro %}


{% macro mapped_ratings(total, ratings, lowest, highest) %}
    {#- The sum of so many ratings, mapped linearly from their scale to 1…5. There is one division, the last: a sum of
        ratings from 1 to 5 stays as it is. -#}
    {%- set float = canonical_type('float') -%}
    {{- return(
        '((cast(' ~ ratings ~ ' as ' ~ float ~ ') * (' ~ highest ~ ' - ' ~ lowest ~ ') + 4 * (cast(' ~ total ~ ' as '
        ~ float ~ ') - cast(' ~ ratings ~ ' as ' ~ float ~ ') * ' ~ lowest ~ ')) / (' ~ highest ~ ' - ' ~ lowest ~ '))'
    ) -}}
{% endmacro %}


{% macro is_off_scale(outside, inside, max_outside) %}
    {#- Whether more than the allowed share of the ratings lies outside the scale; the tolerance is for one third. -#}
    {{- return(
        'coalesce(' ~ outside ~ ' > (' ~ max_outside ~ ' + 1e-9) * (' ~ outside ~ ' + ' ~ inside ~ '), false)'
    ) -}}
{% endmacro %}


{% macro scale_guess(least, greatest) -%}
    {#- The scale of ratings that lie between the two, in words. -#}
    case
        {%- for scale in var('rating_scales', []) %}
        when {{ least }} >= {{ scale.lowest }} and {{ greatest }} <= {{ scale.highest }} then ': a scale of {{ scale.name }}?'
        {%- endfor %}
        else ': no known scale has them'
    end
{%- endmacro %}


{% macro newest(value, time, id, condition) -%}
    {#- An aggregate: `value` of the row with the newest `time`, then `id`, of those for which `condition` holds. -#}
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
