{% macro exact(expression) %}
    {#- Amounts are summed as decimals: the sum does not depend on its order. -#}
    {{- return('cast(' ~ expression ~ ' as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro is_rating(rating) %}
    {{- return('(' ~ rating ~ ' between 0.999999999 and 5.000000001)') -}}
{% endmacro %}


{% macro is_executive(title) %}
    {#- Executive by title, on word boundaries; an assistant to one is none. -#}
    {%- set titles = 'vp|svp|evp|avp|vice president|director|president|chief|ceo|cfo|coo|cto|cio|cmo|cro|ciso|cso|cpo|head of' -%}
    {%- set clean = 'lower(' ~ title ~ ')' -%}
    {{- return(
        '(' ~ matches(clean, '(^|[^a-z0-9_])(' ~ titles ~ ')($|[^a-z0-9_])')
        ~ ' and not ' ~ matches(clean, 'assistant to') ~ ')'
    ) -}}
{% endmacro %}


{% macro engagement_risk(level) -%}
    {#- The risk in an executive engagement as the CRM words it; a blank one is unknown. -#}
    case when lower(trim({{ level }})) = 'low' then 25 when {{ not_blank(level) }} is not null then 0 end
{%- endmacro %}


{% macro due_decided_at() -%}
    {#- When an incident's due time was met (at the resolution) or breached (at the due time), or will be. -#}
    {{- return('case when ended_at <= sla_due then ended_at else sla_due end') -}}
{%- endmacro %}


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
