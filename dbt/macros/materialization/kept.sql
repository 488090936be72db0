{% materialization kept, adapter='duckdb' %}
    {#- A table of one invocation, for its statements that read the same: in a database that is gone afterwards. -#}
    {% call statement('main') -%}
create or replace table {{ this }} as (
    {{ sql }}
)
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
