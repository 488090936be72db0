with

customers as (
    select * from {{ ref('int_customer') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
),

windows as (
    select
        customer_id,
        max(case when kpi = 'support_ticket_volume' then window_start end) as volume_from,
        max(case when kpi = 'support_ticket_volume' and gap is null then window_start end) as opened_from,
        max(case when kpi = 'support_ticket_rate' and gap is null then window_start end) as rate_from,
        max(case when kpi = 'first_response_time' and gap is null then window_start end) as responded_from,
        max(case when kpi = 'resolution_time' then window_start end) as ended_from,
        max(case when kpi = 'resolution_time' and gap is null then window_start end) as resolved_from,
        max(case when kpi = 'support_satisfaction' and gap is null then window_start end) as rated_from,
        max(case when kpi = 'sla_compliance' and gap is null then window_start end) as decided_from
    from settings
    group by customer_id
),

final as (
    select
        windows.customer_id,
        windows.opened_from,
        windows.rate_from,
        windows.responded_from,
        windows.resolved_from,
        case when customers.time_setting in ('auto', 'calendar') then windows.resolved_from end as calendar_from,
        case when customers.has_business_time then windows.resolved_from end as business_from,
        case when customers.has_sla_time then windows.resolved_from end as sla_time_from,
        -- What auto chooses by, also if the KPI is not computed.
        case when customers.time_setting = 'auto' then windows.ended_from end as shares_from,
        windows.rated_from,
        case when customers.sla_setting in ('auto', 'sla_due') then windows.decided_from end as due_from,
        case when customers.sla_setting in ('auto', 'made_sla') then windows.decided_from end as made_from,
        -- Rates have the window of a KPI, also if that KPI is not computed.
        case when customers.has_escalation then windows.volume_from end as escalated_from,
        case when customers.has_priority then windows.volume_from end as critical_from,
        case when customers.has_reopening then windows.ended_from end as reopened_from,
        -- What the churn risk of the scheme standard compares the tickets of the window with.
        case when customers.health_scheme = 'standard' then {{ days_before('windows.opened_from', 90) }} end
            as own_mean_from,
        case when customers.health_scheme = 'standard' then {{ days_before_as_of(210, 'customers') }} end as busy_from,
        case when customers.health_scheme = 'standard' then {{ days_before_as_of(60, 'customers') }} end as silent_from
    from windows
    inner join customers on windows.customer_id = customers.customer_id
)

select * from final
