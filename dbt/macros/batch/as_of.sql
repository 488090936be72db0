{% macro as_of() %}
    {{- return(timestamp_literal(as_of_datetime())) -}}
{% endmacro %}


{% macro as_of_datetime() %}
    {%- set given = var('as_of', none) -%}
    {%- set moment = modules.datetime.datetime.fromisoformat(given) if given else run_started_at -%}
    {%- if moment.tzinfo is none -%}
        {{- return(moment) -}}
    {%- endif -%}
    {{- return(moment.astimezone(modules.pytz.utc).replace(tzinfo=none)) -}}
{% endmacro %}


{% macro days_before_as_of(days) %}
    {{- return(timestamp_literal(as_of_datetime() - modules.datetime.timedelta(days=days))) -}}
{% endmacro %}
