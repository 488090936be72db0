with

customers as (
    select * from {{ ref('int_customer') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
),

final as (
    select
        settings.customer_id,
        {{ incident_window_starts() }}
    from settings
    inner join customers on settings.customer_id = customers.customer_id
    group by settings.customer_id
)

select * from final
