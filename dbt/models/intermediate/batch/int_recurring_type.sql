with

customers as (
    {{ literal_rows({'customer_id': 'string', 'type_list': 'integer'}, customer_rows()) }}
),

lists as (
    {{ literal_rows(
        {'type_list': 'integer', 'opportunity_type': 'string', 'kind': 'string'}, recurring_type_rows()
    ) }}
),

final as (
    select
        customers.customer_id,
        lists.opportunity_type,
        lists.kind,
        lists.kind <> 'new_business' as is_retained
    from customers
    inner join lists on customers.type_list = lists.type_list
)

select * from final
