{% macro canonical_type(name) %}
    {{- return(adapter.dispatch('canonical_type', 'kpi_platform')(name)) -}}
{% endmacro %}

{% macro default__canonical_type(name) %}
    {{- return({
        'string': 'text', 'integer': 'bigint', 'float': 'double precision', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp', 'exact': 'numeric(38, 12)',
    }[name]) -}}
{% endmacro %}

{% macro duckdb__canonical_type(name) %}
    {{- return({
        'string': 'varchar', 'integer': 'bigint', 'float': 'double', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp', 'exact': 'decimal(38, 12)',
    }[name]) -}}
{% endmacro %}

{% macro redshift__canonical_type(name) %}
    {{- return('varchar(65535)' if name == 'string' else default__canonical_type(name)) -}}
{% endmacro %}

{% macro snowflake__canonical_type(name) %}
    {{- return({
        'string': 'varchar', 'integer': 'number(38, 0)', 'float': 'float', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp_ntz', 'exact': 'number(38, 12)',
    }[name]) -}}
{% endmacro %}

{% macro bigquery__canonical_type(name) %}
    {{- return({
        'string': 'string', 'integer': 'int64', 'float': 'float64', 'boolean': 'bool',
        'date': 'date', 'timestamp': 'datetime', 'exact': 'bignumeric',
    }[name]) -}}
{% endmacro %}


{% macro type_family(landed_type) %}
    {#- What a landed column is, whatever its warehouse calls it. -#}
    {%- set type = landed_type | lower -%}
    {%- if type.startswith(('bool',)) -%}
        {{- return('boolean') -}}
    {%- elif type == 'date' -%}
        {{- return('date') -}}
    {%- elif type.startswith(('timestamp', 'datetime')) -%}
        {%- set zoned = 'with time zone' in type or type in ('timestamptz', 'timestamp_tz', 'timestamp_ltz')
            or (target.type == 'bigquery' and type == 'timestamp') -%}
        {{- return('zoned' if zoned else 'timestamp') -}}
    {%- elif type.startswith(('double', 'float', 'real')) -%}
        {{- return('float') -}}
    {%- elif type.startswith(('decimal', 'numeric', 'number', 'bignumeric', 'bigdecimal')) -%}
        {{- return('exact') -}}
    {%- elif 'int' in type and 'interval' not in type and 'point' not in type -%}
        {{- return('integer') -}}
    {%- elif type.startswith(('varchar', 'char', 'text', 'string', 'bpchar')) -%}
        {{- return('string') -}}
    {%- endif -%}
    {{- return('other') -}}
{% endmacro %}
