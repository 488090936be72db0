{% macro ordered_date(text, order) %}
    {#- A text in which a date is written in the order dmy or mdy, `31/12/2025` or `12/31/2025 2:30 PM`, as ISO text; any
        other text as it is. -#}
    {%- if order == 'ymd' -%}
        {{- return(text) -}}
    {%- endif -%}
    {%- set date = "replace(replace(" ~ dbt.split_part(text, "' '", 1) ~ ", '.', '/'), '-', '/')" -%}
    {%- set parts = {} -%}
    {%- for letter in order if letter != 'y' -%}
        {%- do parts.update({letter: "lpad(" ~ dbt.split_part(date, "'/'", loop.index) ~ ", 2, '0')"}) -%}
    {%- endfor -%}
    {%- set year = dbt.split_part(date, "'/'", 3) -%}
    {%- set day = year ~ " || '-' || " ~ parts.m ~ " || '-' || " ~ parts.d -%}
    {%- set after = 'lower(substr(' ~ text ~ ', length(' ~ dbt.split_part(text, "' '", 1) ~ ') + 2))' -%}
    {%- set clock = "replace(replace(replace(" ~ after ~ ", 'am', ''), 'pm', ''), ' ', '')" -%}
    {%- set hour = dbt.split_part(clock, "':'", 1) -%}
    {%- set of_twelve = 'mod(cast(' ~ hour ~ ' as ' ~ canonical_type('integer') ~ '), 12) + case when ' ~ after ~ " like '%pm' then 12 else 0 end" -%}
    {%- set of_day = "lpad(case when " ~ after ~ " like '%m' then cast(" ~ of_twelve ~ ' as ' ~ canonical_type('string') ~ ') else ' ~ hour ~ " end, 2, '0')" -%}
    {%- set minutes = 'substr(' ~ clock ~ ', length(' ~ hour ~ ') + 1)' -%}
    {{- return(
        'case when ' ~ matches(text, ordered_date_pattern() ~ '$') ~ ' then ' ~ day
        ~ ' when ' ~ matches(text, ordered_date_pattern() ~ ordered_clock_pattern() ~ '$') ~ ' then ' ~ day
        ~ " || ' ' || " ~ of_day ~ ' || ' ~ minutes ~ ' else ' ~ text ~ ' end'
    ) -}}
{% endmacro %}


{% macro ordered_date_pattern() %}
    {#- One separator, not a mixture. -#}
    {%- set forms = [] -%}
    {%- for separator in ['/', '[.]', '-'] -%}
        {%- do forms.append('[0-9]{1,2}' ~ separator ~ '[0-9]{1,2}' ~ separator ~ '[0-9]{4}') -%}
    {%- endfor -%}
    {{- return('^(' ~ forms | join('|') ~ ')') -}}
{% endmacro %}


{% macro ordered_clock_pattern() %}
    {#- 14:30 or 2:30 PM, with or without seconds. -#}
    {%- set rest = ':[0-5][0-9](:[0-5][0-9])?' -%}
    {{- return(' ((0?[1-9]|1[0-2])' ~ rest ~ ' ?[AaPp][Mm]|([01]?[0-9]|2[0-3])' ~ rest ~ ')') -}}
{% endmacro %}
