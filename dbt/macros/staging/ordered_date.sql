{% macro with_ordered_dates(landed, rows, reads) %}
    {#- The SQL `rows` with a further column for each text that is read as a time of a connection that writes dates in an
        order of its own: as ISO text. To write that into each place where the text is read would make statements longer
        than warehouses take. -#}
    {%- set ordered = [] -%}
    {%- for column, kind in reads if has_ordered_date(landed, column, kind) -%}
        {%- set text = trimmed(column_as_text(adapter.quote(column.name), type_family(column.type))) -%}
        {%- set iso = ordered_date(text, landed.formats.date_order) ~ ' as ' ~ ordered_name(column) -%}
        {%- do ordered.append(iso) if iso not in ordered -%}
    {%- endfor -%}
    {{- return(
        'select\n        as_landed.*,\n        ' ~ ordered | join(',\n        ') ~ '\n    from (\n    ' ~ rows ~ '\n    ) as as_landed'
        if ordered else rows
    ) -}}
{% endmacro %}


{% macro has_ordered_date(landed, column, kind) %}
    {#- Whether a landed column, read as this kind, is read as ISO text that with_ordered_dates() makes of it. -#}
    {{- return(
        landed.get('formats', {}).get('date_order', 'ymd') != 'ymd'
        and kind in ('timestamp', 'date', 'moment', 'duration')
        and type_family(column.type) in ('string', 'other')
    ) -}}
{% endmacro %}


{% macro ordered_name(column) %}
    {{- return(adapter.quote(column.name ~ '_in_order')) -}}
{% endmacro %}


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
