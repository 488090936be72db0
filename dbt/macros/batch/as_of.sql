{% macro as_of() %}
    {{- return(timestamp_literal(as_of_datetime())) -}}
{% endmacro %}


{% macro as_of_datetime() %}
    {{- return(utc_datetime(var('as_of', none) or run_started_at.isoformat())) -}}
{% endmacro %}


{% macro days_before_as_of(days) %}
    {{- return(timestamp_literal(as_of_datetime() - modules.datetime.timedelta(days=days))) -}}
{% endmacro %}


{% macro utc_datetime(text) %}
    {#- An ISO 8601 text as a UTC datetime without zone; one that names no zone is UTC. -#}
    {%- set moment = modules.datetime.datetime.fromisoformat(text) -%}
    {%- if moment.tzinfo is none -%}
        {{- return(moment) -}}
    {%- endif -%}
    {{- return(moment.astimezone(modules.pytz.utc).replace(tzinfo=none)) -}}
{% endmacro %}
