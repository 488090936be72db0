{% macro column_as_text(column, family) %}
    {#- A landed column of a type family as text. -#}
    {{- return(adapter.dispatch('column_as_text', 'kpi_platform')(column, family)) -}}
{% endmacro %}

{% macro default__column_as_text(column, family) %}
    {%- if family == 'json' -%}
        {{- return(json_as_text(column)) -}}
    {%- endif -%}
    {{- return(column if family == 'string' else 'cast(' ~ column ~ ' as ' ~ canonical_type('string') ~ ')') -}}
{% endmacro %}


{% macro json_as_text(column) %}
    {#- A JSON string without its quotes, a number or boolean as it is written; NULL for null, objects and arrays. -#}
    {{- return(adapter.dispatch('json_as_text', 'kpi_platform')(column)) -}}
{% endmacro %}

{% macro default__json_as_text(column) %}
    {{- return('case when not ' ~ is_nested_json(column) ~ ' then cast(' ~ column ~ ' as ' ~ canonical_type('string') ~ ') end') -}}
{% endmacro %}


{% macro nested_as_text(column) %}
    {#- An object or array as JSON. -#}
    {{- return(adapter.dispatch('nested_as_text', 'kpi_platform')(column)) -}}
{% endmacro %}

{% macro default__nested_as_text(column) %}
    {{- return('cast(' ~ column ~ ' as ' ~ canonical_type('string') ~ ')') -}}
{% endmacro %}


{% macro value_as_text(column, landed_type) %}
    {#- A landed value of any type as people can read it. -#}
    {%- set family = type_family(landed_type) -%}
    {%- if family == 'nested' -%}
        {{- return(nested_as_text(column)) -}}
    {%- elif family == 'json' -%}
        {{- return('coalesce(' ~ json_as_text(column) ~ ', ' ~ nested_as_text(column) ~ ')') -}}
    {%- endif -%}
    {{- return(column_as_text(column, family)) -}}
{% endmacro %}


{% macro is_nested_json(column) %}
    {#- Whether JSON is an object or an array. -#}
    {{- return('(lower(' ~ adapter.dispatch('json_kind', 'kpi_platform')(column) ~ ") in ('object', 'array'))") -}}
{% endmacro %}

{% macro default__json_kind(column) %}
    {{- return('json_typeof(' ~ column ~ ')') -}}
{% endmacro %}


{% macro trimmed(text) %}
    {#- The text without the blanks of ASCII around it. -#}
    {{- return(adapter.dispatch('trimmed', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__trimmed(text) %}
    {{- return('trim(' ~ text ~ ", ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))") -}}
{% endmacro %}


{% macro leading_digits(text) %}
    {#- '1', '1 - Critical' → 1; NULL if the text does not start with digits. -#}
    {{- return(adapter.dispatch('leading_digits', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__leading_digits(text) %}
    {{- return("try_cast(regexp_substr(ltrim(" ~ text ~ "), '^[0-9]{1,18}') as " ~ canonical_type('integer') ~ ')') -}}
{% endmacro %}


{% macro matches(text, pattern) %}
    {#- Whether the lower-case text has the pattern (POSIX classes, no escapes) somewhere. -#}
    {{- return(adapter.dispatch('matches', 'kpi_platform')(text, pattern)) -}}
{% endmacro %}

{% macro default__matches(text, pattern) %}
    {{- return('regexp_instr(' ~ text ~ ", '" ~ pattern ~ "') > 0") -}}
{% endmacro %}


{% macro collapse_blanks(text) %}
    {{- return(adapter.dispatch('collapse_blanks', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__collapse_blanks(text) %}
    {{- return('regexp_replace(' ~ text ~ ", '[[:space:]]+', ' ')") -}}
{% endmacro %}


{% macro normalised_name(name) %}
    {#- Names match on this: trimmed, blanks collapsed, lower case; a blank one is NULL. -#}
    {{- return("nullif(lower(trim(" ~ collapse_blanks(name) ~ ")), '')") -}}
{% endmacro %}


{% macro not_blank(text) %}
    {#- The text, NULL if it is empty or blank. -#}
    {{- return("nullif(trim(" ~ text ~ "), '')") -}}
{% endmacro %}


{% macro salesforce_key(id) %}
    {#- What Salesforce ids match on: the first 15 characters of an id of 15 or 18 alphanumerics, else all of it. -#}
    {{- return('case when ' ~ is_long_salesforce_id(id) ~ ' then substr(' ~ id ~ ', 1, 15) else ' ~ id ~ ' end') -}}
{% endmacro %}


{% macro is_long_salesforce_id(id) %}
    {#- Whether an id has 18 alphanumerics. -#}
    {{- return('length(' ~ id ~ ') = 18 and ' ~ matches(id, '^[A-Za-z0-9]+$')) -}}
{% endmacro %}


{% macro bytewise(text) %}
    {#- Text that sorts by its bytes, whatever the database's language is. -#}
    {{- return(adapter.dispatch('bytewise', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__bytewise(text) %}
    {{- return(text) -}}
{% endmacro %}


{% macro address_domain(address) %}
    {{- return(not_blank('lower(' ~ dbt.split_part(address, "'@'", 2) ~ ')')) -}}
{% endmacro %}


{% macro whole_number(number) %}
    {#- A number as text, without decimals. -#}
    {{- return('cast(cast(round(' ~ number ~ ', 0) as ' ~ canonical_type('integer') ~ ') as ' ~ canonical_type('string') ~ ')') -}}
{% endmacro %}
