with

events as (
    select * from {{ ref('int_kpi_event') }}
),

final as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        sla_source,
        count(*) as row_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        {{ percentile(hours("case when kpi = 'resolution_time' then numerator end"), 0.5) }} as median_hours,
        {{ percentile(hours("case when kpi = 'resolution_time' then numerator end"), 0.9) }} as p90_hours
    from events
    group by customer_id, account_key, kpi, left_out_reason, sla_source
)

select * from final
