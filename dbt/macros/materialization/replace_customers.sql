{% macro get_incremental_replace_customers_sql(arguments) %}
    {#- Replaces exactly the batch's customers, those that have become empty too. -#}
    {{ replace_rows(arguments, 'customer_id in (' ~ customer_list() ~ ')') }}
{% endmacro %}


{% macro get_incremental_replace_customer_days_sql(arguments) %}
    {#- Replaces the batch's customers on the day of as_of; other days stay. -#}
    {{ replace_rows(
        arguments,
        'customer_id in (' ~ customer_list() ~ ') and as_of_date = cast(' ~ as_of() ~ ' as date)'
    ) }}
{% endmacro %}


{% macro replace_rows(arguments, condition) %}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) %}
delete from {{ arguments['target_relation'] }}
where {{ condition }};

insert into {{ arguments['target_relation'] }} ({{ columns }})
select {{ columns }}
from {{ arguments['temp_relation'] }};
{% endmacro %}
