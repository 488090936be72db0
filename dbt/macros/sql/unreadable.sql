{% macro first_there(columns) %}
    {#- A coalesce of columns that each have a `<column>_unreadable`: the first value that is there decides, so nothing is
        read behind one that cannot be read. -#}
    {%- if columns | length == 1 -%}
        {{- return(columns[0]) -}}
    {%- endif -%}
    {{- return(
        'coalesce(' ~ columns[0] ~ ', case when ' ~ columns[0] ~ '_unreadable is null then '
        ~ first_there(columns[1:]) ~ ' end)'
    ) -}}
{% endmacro %}


{% macro first_there_unreadable(columns) %}
    {#- Why that coalesce cannot be read; NULL if it can, or nothing is there. -#}
    {%- if columns | length == 1 -%}
        {{- return(columns[0] ~ '_unreadable') -}}
    {%- endif -%}
    {{- return(
        'coalesce(' ~ columns[0] ~ '_unreadable, case when ' ~ columns[0] ~ ' is null then '
        ~ first_there_unreadable(columns[1:]) ~ ' end)'
    ) -}}
{% endmacro %}


{% macro unreadable_at(time, time_unreadable, others) %}
    {#- Why a row cannot be read by a KPI: at its time the first of the `others` that cannot, without one its time. -#}
    {{- return(
        'case when ' ~ time ~ ' is not null then coalesce(' ~ others | join(', ') ~ ') else ' ~ time_unreadable ~ ' end'
    ) -}}
{% endmacro %}


{% macro is_looked_at(time, unreadable, window_start) %}
    {#- Whether a KPI looks at a row: its time is in the window, or is there and cannot be read, whatever the window. -#}
    {{- return(
        '(' ~ time ~ ' >= ' ~ window_start ~ ' or (' ~ time ~ ' is null and ' ~ unreadable ~ ' is not null and '
        ~ window_start ~ ' is not null))'
    ) -}}
{% endmacro %}


{% macro is_unreadable_since(time, unreadable, window_start) %}
    {#- Whether a KPI with that window looks at a row and cannot read it. -#}
    {{- return('(' ~ unreadable ~ ' is not null and (' ~ time ~ ' is null or ' ~ time ~ ' >= ' ~ window_start ~ '))') -}}
{% endmacro %}


{% macro is_unreadable(left_out_reason) %}
    {{- return('(' ~ left_out_reason ~ " like 'unreadable %')") -}}
{% endmacro %}


{% macro most_frequent_reason(row_count) %}
    {#- An aggregate: of all `left_out_reason` the one with the greatest `row_count`, which has at most 18 digits; NULL
        if nothing was left out. -#}
    {%- set count = 'cast(' ~ row_count ~ ' as ' ~ canonical_type('string') ~ ')' -%}
    {{- return('substr(max(lpad(' ~ count ~ ", 18, '0') || left_out_reason), 19)") -}}
{% endmacro %}


{% macro too_many_unreadable(unreadable, counted) %}
    {#- Whether more than one row in twenty cannot be read. -#}
    {{- return('(20 * ' ~ unreadable ~ ' > ' ~ unreadable ~ ' + ' ~ counted ~ ')') -}}
{% endmacro %}
