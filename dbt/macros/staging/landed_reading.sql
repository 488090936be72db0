{% macro landed_reading(column, landed_type, to, formats={}) %}
    {#- How a landed column is read as a canonical type. `value`: SQL, NULL for what cannot be read. `unreadable`: SQL that
        is true if a value is there and cannot be read; none if every value can. Nothing is guessed
        (quality.md, B1 to B3): what a warehouse would cast but people would doubt is unreadable. -#}
    {%- set family = type_family(landed_type) -%}
    {%- if family == 'nested' -%}
        {{- return({'value': literal(none, staged_type(to)), 'unreadable': column ~ ' is not null'}) -}}
    {%- elif to in ('duration', 'seconds') -%}
        {{- return(duration_reading(column, landed_type, to, formats)) -}}
    {%- elif to in ('string', 'choice', 'state') -%}
        {%- set text = column_as_text(column, family) -%}
        {%- set code = choice_code(column, family, text) -%}
        {%- set state = 'cast(' ~ column ~ ' as ' ~ canonical_type('integer') ~ ')' if family == 'integer' else text_as_state(text) -%}
        {{- return({
            'value': {'string': text, 'choice': code, 'state': state}[to],
            'unreadable': is_nested_json(column) if family == 'json' else none,
        }) -}}
    {%- elif family in ('string', 'json', 'other') -%}
        {%- set reading = text_reading(trimmed(column_as_text(column, family)), to, formats) -%}
        {%- if family == 'json' -%}
            {%- do reading.update({'unreadable': '(' ~ is_nested_json(column) ~ ' or ' ~ reading.unreadable ~ ')'}) -%}
        {%- endif -%}
        {{- return(reading) -}}
    {%- endif -%}
    {{- return(typed_reading(column, family, to)) -}}
{% endmacro %}


{% macro typed_reading(column, family, to) %}
    {#- A number, boolean, date or timestamp. If it is of another kind than what is wanted, it cannot be read. -#}
    {%- set is_number, is_time = family in ('integer', 'exact', 'float'), family in ('date', 'timestamp', 'zoned') -%}
    {%- if to == 'boolean' and family == 'boolean' -%}
        {{- return({'value': column, 'unreadable': none}) -}}
    {%- elif to == 'boolean' and is_number -%}
        {{- return({
            'value': 'case when ' ~ column ~ ' = 1 then true when ' ~ column ~ ' = 0 then false end',
            'unreadable': column ~ ' not in (0, 1)',
        }) -}}
    {%- elif to == 'code' and is_number -%}
        {%- set is_code = column ~ ' between 0 and 999999999999999' -%}
        {%- set code = column if family == 'integer' else 'floor(' ~ column ~ ')' -%}
        {{- return({
            'value': 'case when ' ~ is_code ~ ' then cast(' ~ code ~ ' as ' ~ canonical_type('integer') ~ ') end',
            'unreadable': 'not (' ~ is_code ~ ')',
        }) -}}
    {%- elif to in ('float', 'exact') and is_number -%}
        {%- set number = number_as_exact(column) if to == 'exact' and family == 'float' else 'cast(' ~ column ~ ' as ' ~ canonical_type(to) ~ ')' -%}
        {%- set is_inside = is_sensible_number(column) -%}
        {{- return({'value': 'case when ' ~ is_inside ~ ' then ' ~ number ~ ' end', 'unreadable': 'not (' ~ is_inside ~ ')'}) -}}
    {%- elif to in ('timestamp', 'date', 'moment') and is_time -%}
        {%- set moment = zoned_to_utc(column) if family == 'zoned' else 'cast(' ~ column ~ ' as ' ~ canonical_type('timestamp') ~ ')' -%}
        {{- return(time_reading(moment, to)) -}}
    {%- endif -%}
    {{- return({'value': literal(none, staged_type(to)), 'unreadable': column ~ ' is not null'}) -}}
{% endmacro %}


{% macro text_reading(text, to, formats) %}
    {#- A trimmed text; a blank one is NULL. -#}
    {%- if to == 'boolean' -%}
        {%- set value = text_as_boolean(text) -%}
    {%- elif to == 'code' -%}
        {%- set value = leading_digits(text) -%}
    {%- elif to in ('float', 'exact') -%}
        {%- set has_comma = formats.get('decimal') == 'comma' -%}
        {%- set pointed = "replace(" ~ text ~ ", ',', '.')" if has_comma else text -%}
        {%- set number = text_as_exact(pointed) if to == 'exact' else safe_text_cast(pointed, 'float') -%}
        {%- set pattern = number_pattern(',' if has_comma else '.') -%}
        {%- set number = 'case when ' ~ matches(text, pattern) ~ ' then ' ~ number ~ ' end' -%}
        {%- set value = 'case when ' ~ is_sensible_number(number) ~ ' then ' ~ number ~ ' end' -%}
    {%- else -%}
        {%- set ordered = ordered_date(text, formats.get('date_order', 'ymd')) -%}
        {%- set moment = 'case when ' ~ matches(ordered, time_pattern()) ~ ' then ' ~ text_as_utc(ordered) ~ ' end' -%}
        {%- set value = time_reading(moment, to).value -%}
    {%- endif -%}
    {{- return({'value': value, 'unreadable': '(' ~ text ~ " <> '' and (" ~ value ~ ') is null)'}) -}}
{% endmacro %}


{% macro time_reading(moment, to) %}
    {#- A UTC timestamp without zone. A `moment` may be of any year: 9999-12-31 is what Fivetran writes for never. -#}
    {%- if to == 'moment' -%}
        {{- return({'value': moment, 'unreadable': none}) -}}
    {%- endif -%}
    {%- set is_inside = moment ~ ' between ' ~ timestamp_literal('1990-01-01 00:00:00') ~ ' and ' ~ timestamp_literal('2200-12-31 23:59:59.999999') -%}
    {%- set value = moment if to == 'timestamp' else 'cast(cast(' ~ moment ~ ' as date) as ' ~ canonical_type('timestamp') ~ ')' -%}
    {{- return({'value': 'case when ' ~ is_inside ~ ' then ' ~ value ~ ' end', 'unreadable': 'not (' ~ is_inside ~ ')'}) -}}
{% endmacro %}


{% macro is_sensible_number(number) %}
    {#- Whether |x| < 1e15: the bounds are the greatest floats below it. NaN and the infinities lie outside. -#}
    {{- return(number ~ ' between -999999999999999.875 and 999999999999999.875') -}}
{% endmacro %}


{% macro number_pattern(mark) %}
    {{- return('^[+-]?[0-9]+([' ~ mark ~ '][0-9]+)?([eE][+-]?[0-9]+)?$') -}}
{% endmacro %}


{% macro time_pattern() %}
    {#- An ISO date, a time of day after it, a zone after that. -#}
    {{- return(
        '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
        ~ '([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-](0[0-9]|1[0-5])(:[0-5][0-9])?)?)?$'
    ) -}}
{% endmacro %}


{% macro zone_pattern() %}
    {#- The end of such a time if it names a zone. -#}
    {{- return(':[0-9.]+(Z|[+-][0-9:]+)$') -}}
{% endmacro %}


{% macro text_as_boolean(text) %}
    {%- set clean = 'lower(' ~ text ~ ')' -%}
    {{- return(
        'case when ' ~ clean ~ " in ('true', 't', 'yes', 'y', '1') then true"
        ~ ' when ' ~ clean ~ " in ('false', 'f', 'no', 'n', '0') then false end"
    ) -}}
{% endmacro %}


{% macro choice_code(column, family, text) %}
    {#- What landed of a choice, as sys_choice has it: a code or a label, trimmed, in small letters. -#}
    {%- if family == 'integer' -%}
        {{- return(text) -}}
    {%- endif -%}
    {%- if family in ('exact', 'float') -%}
        {%- set code = 'cast(cast(' ~ column ~ ' as ' ~ canonical_type('integer') ~ ') as ' ~ canonical_type('string') ~ ')' -%}
        {{- return('case when ' ~ is_sensible_number(column) ~ ' then ' ~ code ~ ' end') -}}
    {%- endif -%}
    {{- return("nullif(lower(" ~ trimmed(text) ~ "), '')") -}}
{% endmacro %}


{% macro text_as_state(text) %}
    {#- The code of a state: leading digits, else that of its label; -1 for another label, NULL for a blank one. -#}
    {{- return(
        'coalesce(' ~ leading_digits(text) ~ ', case lower(trim(' ~ text ~ "))"
        ~ " when 'new' then 1 when 'in progress' then 2 when 'on hold' then 3"
        ~ " when 'canceled' then 8 when 'cancelled' then 8 when '' then null"
        ~ ' else case when ' ~ text ~ ' is not null then -1 end end)'
    ) -}}
{% endmacro %}


{% macro duration_reading(column, landed_type, to, formats) %}
    {#- `seconds` as they are, or a `duration` in microseconds: ServiceNow's land as the instant so long after 1970. More
        than ten years (87,660 hours) cannot be read. -#}
    {%- set reading = landed_reading(column, landed_type, 'moment' if to == 'duration' else 'exact', formats) -%}
    {%- set length = microseconds_between(timestamp_literal('1970-01-01 00:00:00'), reading.value) if to == 'duration' else reading.value -%}
    {%- set is_too_long = '(' ~ length ~ ') > ' ~ (315576000000000 if to == 'duration' else 315576000) -%}
    {{- return({
        'value': 'case when not ' ~ is_too_long ~ ' then ' ~ length ~ ' end',
        'unreadable': '(' ~ (reading.unreadable ~ ' or ' if reading.unreadable else '') ~ is_too_long ~ ')',
    }) -}}
{% endmacro %}
