{% macro as_of(rows=none) %}
    {#- as_of in SQL. In a batch of several instants the key of a customer ends with its own (customer_as_of); `rows` is
        the relation to read the key from, where several have one. -#}
    {%- if var('instants', false) -%}
        {{- return(
            'cast(right(' ~ (rows ~ '.' if rows else '') ~ 'customer_id, 26) as ' ~ canonical_type('timestamp') ~ ')'
        ) -}}
    {%- endif -%}
    {{- return(timestamp_literal(as_of_datetime())) -}}
{% endmacro %}


{% macro customer_as_of(customer, days=0) %}
    {#- The as_of of one customer of the batch, or so many days before it, as a literal. -#}
    {%- set moment = utc_datetime(customer.key[-26:]) if var('instants', false) else as_of_datetime() -%}
    {{- return(timestamp_literal(moment - modules.datetime.timedelta(days=days))) -}}
{% endmacro %}


{% macro as_of_datetime() %}
    {{- return(utc_datetime(var('as_of', none) or run_started_at.isoformat())) -}}
{% endmacro %}


{% macro days_before_as_of(days, rows=none) %}
    {%- if var('instants', false) -%}
        {{- return('(' ~ dbt.dateadd('day', -days, as_of(rows)) | trim ~ ')') -}}
    {%- endif -%}
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
