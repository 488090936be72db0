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
