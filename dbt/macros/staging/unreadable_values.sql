{% macro unreadable_values() -%}
    {#- One example and the count for each text column of the batch that holds what cannot be read. -#}
    {%- set kinds = {
        'nps_score': 'float', 'adoption_score': 'float', 'churn_risk': 'float', 'health_score': 'float',
        'active_users': 'float', 'total_users': 'float', 'feature_usage_score': 'float',
        'satisfaction_rating': 'exact', 'last_login_date': 'timestamp', 'first_responded_at': 'timestamp',
    } -%}
    {%- set selects = [] -%}
    {%- for source, table in [
        ('salesforce', 'account'), ('salesforce', 'case'), ('servicenow', 'incident'), ('servicenow', 'task')
    ] -%}
        {%- for customers in customers_alike(source, table) -%}
            {%- for field, kind in kinds.items() -%}
                {%- set column = landed_column(customers[0], source, table, mapped_field(customers[0], source, field)) -%}
                {%- if column and type_family(column.type) in ('string', 'other') -%}
                    {%- do selects.append(unreadable_column(customers, source, table, column, kind)) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if selects -%}
{{ selects | join('\nunion all\n') }}
    {%- else -%}
select {{ literal(none, 'string') }} as customer_id
from (select 1 as nothing) as nothing
where false
    {%- endif -%}
{%- endmacro %}


{% macro unreadable_column(customers, source, table, column, kind) -%}
    {%- set identifier = adapter.quote(column.name) -%}
select
    kpi_customer as customer_id,
    {{ text_literal(source ~ '.' ~ table) }} as source_table,
    {{ text_literal(column.name) }} as column_name,
    min(cast({{ identifier }} as {{ canonical_type('string') }})) as example_value,
    count(*) as row_count
from (
    {{ union_of_landed(customers, source, table, ', ' ~ identifier) }}
) as landed_alike
where {{ landed_reading(identifier, column.type, kind).unreadable }}
group by kpi_customer
{%- endmacro %}
