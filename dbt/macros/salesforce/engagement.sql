{% macro is_executive(title, title_list) -%}
    {#- Executive by title, by the customer's lists of words, which go by number: a batch has few different ones. -#}
    {%- set clean = 'lower(' ~ title ~ ')' -%}
    case {{ title_list }}
            {%- for one in var('title_lists', []) %}
            when {{ loop.index0 }}
                then
                    {{ matches(clean, one.titles) if one.titles else 'false' }}
                    {%- if one.not_titles %}
                    and not {{ matches(clean, one.not_titles) }}
                    {%- endif %}
            {%- else %}
            when null then false
            {%- endfor %}
        end
{%- endmacro %}


{% macro is_email(subtype) -%}
    {#- Whether a task of this subtype is an e-mail, to one or to many. -#}
    coalesce(lower(trim({{ subtype }})) in ('email', 'listemail'), false)
{%- endmacro %}


{% macro engagement_risk(level, weight) -%}
    {#- The risk in an executive engagement as the CRM words it; a blank one is unknown. -#}
    case when lower(trim({{ level }})) = 'low' then {{ weight }} when {{ not_blank(level) }} is not null then 0 end
{%- endmacro %}
