with

customers as (
    select * from {{ ref('int_customer') }}
),

shares as (
    select
        customer_id,
        sum(case when kpi = 'sla_time_share' then 2 * numerator - denominator end) as sla_majority,
        sum(case when kpi = 'business_time_share' then 2 * numerator - denominator end) as business_majority
    from {{ ref('kpi_measures') }}
    where
        customer_id in ({{ customer_list() }})
        and left_out_reason is null
        and kpi in ('sla_time_share', 'business_time_share')
    group by customer_id
),

final as (
    select
        customers.customer_id,
        case
            when customers.time_setting <> 'auto' then customers.time_setting
            when shares.sla_majority >= 0 then 'sla'
            when shares.business_majority >= 0 then 'business'
            else 'calendar'
        end as time_basis
    from customers
    left join shares on customers.customer_id = shares.customer_id
)

select * from final
