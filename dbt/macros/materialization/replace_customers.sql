{% macro get_incremental_replace_customers_sql(arguments) %}
    {#- Replaces exactly the batch's customers, those that have become empty too. -#}
    {{ replace_rows(arguments, ['customer_id in (' ~ customer_list() ~ ')']) }}
{% endmacro %}


{% macro get_incremental_replace_customer_days_sql(arguments) %}
    {#- Replaces the batch's customers on the day of as_of; other days stay. What was recorded in time stays beside what
        is computed later. -#}
    {%- set conditions = ['customer_id in (' ~ customer_list() ~ ')', 'as_of_date = cast(' ~ as_of() ~ ' as date)'] -%}
    {%- if not is_recorded_in_time() -%}
        {%- do conditions.append('(computed_at is null or computed_at > ' ~ days_after('as_of', 1) ~ ')') -%}
    {%- endif %}
    {{ replace_rows(arguments, conditions) }}
{% endmacro %}


{% macro replace_rows(arguments, conditions) %}
    {{- adapter.dispatch('replace_rows', 'kpi_platform')(arguments, conditions) -}}
{% endmacro %}

{% macro default__replace_rows(arguments, conditions) %}
    {#- dbt runs both in one transaction. -#}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
delete from {{ arguments['target_relation'] }}
where {{ conditions | join(' and ') }};

insert into {{ arguments['target_relation'] }} ({{ columns }})
select {{ columns }}
from {{ arguments['temp_relation'] }}
{% endmacro %}


{% macro day_partitions(column) %}
    {#- How a mart is cut into days by a date column; none if the warehouse has no partitions. -#}
    {{- return(adapter.dispatch('day_partitions', 'kpi_platform')(column)) -}}
{% endmacro %}

{% macro default__day_partitions(column) %}
    {{- return(none) -}}
{% endmacro %}
