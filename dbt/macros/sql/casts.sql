{% macro safe_text_cast(text, type) %}
    {#- A text as `type`, NULL if it is none. -#}
    {{- return(adapter.dispatch('safe_text_cast', 'kpi_platform')(text, canonical_type(type))) -}}
{% endmacro %}

{% macro default__safe_text_cast(text, type) %}
    {{- return('try_cast(' ~ text ~ ' as ' ~ type ~ ')') -}}
{% endmacro %}


{% macro number_as_exact(number) %}
    {#- A float as decimal with twelve places, as it is written: 0.1 is 0.1. -#}
    {{- return(adapter.dispatch('number_as_exact', 'kpi_platform')(number)) -}}
{% endmacro %}

{% macro default__number_as_exact(number) %}
    {{- return('cast(' ~ number ~ ' as ' ~ canonical_type('exact') ~ ')') -}}
{% endmacro %}


{% macro text_as_exact(text) %}
    {#- A text as decimal with twelve places, NULL if it is no number or does not fit. -#}
    {{- return(adapter.dispatch('text_as_exact', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__text_as_exact(text) %}
    {{- return(safe_text_cast(text, 'exact')) -}}
{% endmacro %}


{% macro zoned_to_utc(moment) %}
    {#- A timestamp with a zone as UTC without one. -#}
    {{- return(adapter.dispatch('zoned_to_utc', 'kpi_platform')(moment)) -}}
{% endmacro %}

{% macro default__zoned_to_utc(moment) %}
    {{- return("(" ~ moment ~ " at time zone 'UTC')") -}}
{% endmacro %}


{% macro text_as_utc(text) %}
    {#- A text as a UTC timestamp without zone; one that names no zone is UTC. -#}
    {{- return(adapter.dispatch('text_as_utc', 'kpi_platform')(text)) -}}
{% endmacro %}

{% macro default__text_as_utc(text) %}
    {{- return("(try_cast(" ~ text ~ " as timestamp with time zone) at time zone 'UTC')") -}}
{% endmacro %}


{% macro as_int(number) %}
    {#- A whole number in the type that a literal of it has. -#}
    {{- return('cast(' ~ number ~ ' as ' ~ dbt.type_int() ~ ')') -}}
{% endmacro %}
