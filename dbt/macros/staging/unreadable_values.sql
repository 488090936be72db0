{% macro unreadable_values() -%}
    {#- One example and the count for each text column of the batch that holds what cannot be read. -#}
    {%- set kinds = {
        'nps_score': 'float', 'adoption_score': 'float', 'churn_risk': 'float', 'health_score': 'float',
        'active_users': 'float', 'total_users': 'float', 'feature_usage_score': 'float',
        'satisfaction_rating': 'exact', 'last_login_date': 'timestamp', 'first_responded_at': 'timestamp',
    } -%}
    {%- set selects = [] -%}
    {%- for customer in batch_customers() -%}
        {%- for source, table in [
            ('salesforce', 'account'), ('salesforce', 'case'), ('servicenow', 'incident'), ('servicenow', 'task')
        ] if landed_table(customer, source, table) -%}
            {%- for field, kind in kinds.items() -%}
                {%- set landed = landed_table(customer, source, table) -%}
                {%- set column = landed_column(customer, source, table, mapped_field(customer, source, field)) -%}
                {%- if column and type_family(column.type) in ('string', 'other') -%}
                    {%- do selects.append(unreadable_column(customer, source ~ '.' ~ table, landed, column, kind)) -%}
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


{% macro unreadable_column(customer, source_table, landed, column, kind) -%}
    {%- set identifier = adapter.quote(column.name) -%}
select
    {{ text_literal(customer.key) }} as customer_id,
    {{ text_literal(source_table) }} as source_table,
    {{ text_literal(column.name) }} as column_name,
    min(cast({{ identifier }} as {{ canonical_type('string') }})) as example_value,
    count(*) as row_count
from {{ landed_relation(landed) }}
where
    {{ not_blank('cast(' ~ identifier ~ ' as ' ~ canonical_type('string') ~ ')') }} is not null
    and {{ cast_landed(identifier, column.type, kind) }} is null
having count(*) > 0
{%- endmacro %}
