{% macro canonical_type(name) %}
    {{- return(adapter.dispatch('canonical_type', 'kpi_platform')(name)) -}}
{% endmacro %}

{% macro default__canonical_type(name) %}
    {{- return({
        'string': 'text', 'integer': 'bigint', 'float': 'double precision', 'boolean': 'boolean',
        'date': 'date', 'timestamp': 'timestamp', 'exact': 'numeric(38, 12)',
    }[name]) -}}
{% endmacro %}


{% macro type_family(landed_type) %}
    {#- What a landed column is, whatever its warehouse calls it. -#}
    {%- set type = landed_type | lower -%}
    {%- if type.endswith('[]') or type.startswith(('array', 'list', 'map', 'object', 'record', 'row', 'struct', 'union')) -%}
        {{- return('nested') -}}
    {%- elif type.startswith(('json', 'variant', 'super')) -%}
        {{- return('json') -}}
    {%- elif type.startswith('bool') -%}
        {{- return('boolean') -}}
    {%- elif type == 'date' -%}
        {{- return('date') -}}
    {%- elif type.startswith(('timestamp', 'datetime')) -%}
        {{- return('zoned' if is_zoned(type) else 'timestamp') -}}
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


{% macro is_zoned(type) %}
    {#- Whether a landed timestamp of this type has a zone. -#}
    {{- return(adapter.dispatch('is_zoned', 'kpi_platform')(type)) -}}
{% endmacro %}

{% macro default__is_zoned(type) %}
    {{- return('with time zone' in type or type in ('timestamptz', 'timestamp_tz', 'timestamp_ltz')) -}}
{% endmacro %}
