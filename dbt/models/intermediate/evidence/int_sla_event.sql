with

decisions as (
    select * from {{ ref('int_sla_decision') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'sla_compliance' and gap is null
),

final as (
    select
        decisions.customer_id,
        decisions.account_key,
        settings.kpi,
        decisions.source_table,
        decisions.source_id,
        decisions.decided_at as event_time,
        {{ exact('decisions.met') }} as numerator,
        {{ exact(1) }} as denominator,
        decisions.left_out_reason,
        decisions.sla_source
    from decisions
    inner join settings on decisions.customer_id = settings.customer_id
    where decisions.decided_at >= settings.window_start
)

select * from final
