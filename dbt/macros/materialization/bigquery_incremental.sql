{% macro dbt_bigquery_validate_get_incremental_strategy(config) %}
    {#- The adapter's own takes its own strategies alone. -#}
    {{- return(config.get('incremental_strategy')) -}}
{% endmacro %}


{% macro bq_generate_incremental_build_sql(
    strategy, tmp_relation, target_relation, sql, unique_key, partition_by, partitions, dest_columns,
    tmp_relation_exists, copy_partitions, incremental_predicates
) %}
    {%- set arguments = {
        'target_relation': target_relation, 'temp_relation': tmp_relation, 'dest_columns': dest_columns,
    } -%}
    {%- if strategy == 'replace_customer_days' -%}
        {{- return(get_incremental_replace_customer_days_sql(arguments)) -}}
    {%- endif -%}
    {{- return(get_incremental_replace_customers_sql(arguments)) -}}
{% endmacro %}
