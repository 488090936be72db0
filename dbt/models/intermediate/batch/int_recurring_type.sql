{%- set types = recurring_types() -%}
with

customers as (
    {{ literal_rows({'customer_id': 'string', 'list_number': 'integer'}, types.customers) }}
),

lists as (
    {{ literal_rows({'list_number': 'integer', 'opportunity_type': 'string', 'is_retained': 'boolean'}, types.lists) }}
),

final as (
    select
        customers.customer_id,
        lists.opportunity_type,
        lists.is_retained
    from customers
    inner join lists on customers.list_number = lists.list_number
)

select * from final
