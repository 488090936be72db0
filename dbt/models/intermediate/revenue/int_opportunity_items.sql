with

items as (
    select * from {{ ref('stg_salesforce__opportunity_line_item') }}
    where is_live
),

products as (
    select
        products.customer_id,
        products.id_key
    from {{ ref('stg_salesforce__product_2') }} as products
    inner join {{ ref('int_one_off_family') }} as families
        on
            products.customer_id = families.customer_id
            and lower({{ not_blank('products.family') }}) = families.family
    where products.is_live
),

judged as (
    select
        items.customer_id,
        {{ salesforce_key(not_blank('items.opportunity_id')) }} as opportunity_key,
        items.total_price,
        coalesce(items.total_price_unreadable, items.is_live_unreadable) as unreadable_reason,
        products.id_key is not null as is_one_off
    from items
    left join products
        on
            items.customer_id = products.customer_id
            and {{ salesforce_key(not_blank('items.product_2_id')) }} = products.id_key
),

summed as (
    select
        customer_id,
        opportunity_key,
        sum(case when is_one_off then 0 else coalesce(total_price, 0) end) as recurring_amount,
        max(case when is_one_off then 0 else 1 end) as has_recurring,
        max(case when total_price is not null or unreadable_reason is not null then 1 else 0 end) as has_price,
        min(case when not is_one_off then unreadable_reason end) as unreadable_reason
    from judged
    where opportunity_key is not null
    group by customer_id, opportunity_key
),

final as (
    select
        customer_id,
        opportunity_key,
        {{ exact('recurring_amount') }} as recurring_amount,
        unreadable_reason
    from summed
    where has_price = 1 or has_recurring = 0
)

select * from final
