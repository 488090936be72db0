with

incidents as (
    select * from {{ ref('int_incident') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where source = 'servicenow' and gap is null
),

customers as (
    select * from {{ ref('int_customer') }}
),

opened as (
    select
        incidents.customer_id,
        incidents.account_key,
        settings.kpi,
        incidents.sys_id,
        incidents.opened_at as event_time,
        {{ exact(1) }} as numerator,
        {{ exact(0) }} as denominator,
        incidents.left_out_reason
    from incidents
    inner join settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'support_ticket_volume'
    where incidents.opened_at >= settings.window_start
),

responded as (
    select
        incidents.customer_id,
        incidents.account_key,
        settings.kpi,
        incidents.sys_id,
        incidents.responded_at as event_time,
        {{ exact(microseconds_between('incidents.opened_at', 'incidents.responded_at')) }} as numerator,
        {{ exact(1) }} as denominator,
        case
            when incidents.left_out_reason is not null then incidents.left_out_reason
            when incidents.responded_at < incidents.opened_at then 'negative'
        end as left_out_reason
    from incidents
    inner join settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'first_response_time'
    where incidents.responded_at >= settings.window_start
),

resolved as (
    select
        incidents.customer_id,
        incidents.account_key,
        settings.kpi,
        incidents.sys_id,
        incidents.ended_at as event_time,
        {{ exact(microseconds_between('incidents.opened_at', 'incidents.ended_at')) }} as numerator,
        {{ exact(1) }} as denominator,
        case
            when incidents.left_out_reason is not null then incidents.left_out_reason
            when incidents.ended_at < incidents.opened_at then 'negative'
        end as left_out_reason
    from incidents
    inner join settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'resolution_time'
    where incidents.ended_at >= settings.window_start
),

rated as (
    select
        incidents.customer_id,
        incidents.account_key,
        settings.kpi,
        incidents.sys_id,
        incidents.ended_at as event_time,
        incidents.satisfaction_rating as numerator,
        {{ exact(1) }} as denominator,
        case
            when incidents.left_out_reason is not null then incidents.left_out_reason
            when not {{ is_rating('incidents.satisfaction_rating') }} then 'out of range'
        end as left_out_reason
    from incidents
    inner join settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'support_satisfaction'
    where
        incidents.satisfaction_rating is not null
        and incidents.ended_at >= settings.window_start
),

-- The rates beside the KPIs, over the windows of the KPIs that they belong to.
escalated as (
    select
        incidents.customer_id,
        incidents.account_key,
        'escalation_rate' as kpi,
        incidents.sys_id,
        incidents.opened_at as event_time,
        {{ exact('case when incidents.escalation > 0 then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        incidents.left_out_reason
    from incidents
    inner join customers on incidents.customer_id = customers.customer_id
    inner join {{ ref('int_kpi_setting') }} as settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'support_ticket_volume'
    where customers.has_escalation and incidents.opened_at >= settings.window_start
),

critical as (
    select
        incidents.customer_id,
        incidents.account_key,
        'critical_issues_count' as kpi,
        incidents.sys_id,
        incidents.opened_at as event_time,
        {{ exact('case when incidents.priority = 1 then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        incidents.left_out_reason
    from incidents
    inner join customers on incidents.customer_id = customers.customer_id
    inner join {{ ref('int_kpi_setting') }} as settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'support_ticket_volume'
    where customers.has_priority and incidents.opened_at >= settings.window_start
),

reopened as (
    select
        incidents.customer_id,
        incidents.account_key,
        'ticket_reopen_rate' as kpi,
        incidents.sys_id,
        incidents.ended_at as event_time,
        {{ exact('case when incidents.reopen_count > 0 then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        incidents.left_out_reason
    from incidents
    inner join customers on incidents.customer_id = customers.customer_id
    inner join {{ ref('int_kpi_setting') }} as settings
        on
            incidents.customer_id = settings.customer_id
            and settings.kpi = 'resolution_time'
    where customers.has_reopen_count and incidents.ended_at >= settings.window_start
),

incident_rows as (
    select * from opened
    union all
    select * from responded
    union all
    select * from resolved
    union all
    select * from rated
    union all
    select * from escalated
    union all
    select * from critical
    union all
    select * from reopened
),

final as (
    select
        customer_id,
        account_key,
        kpi,
        'servicenow.incident' as source_table,
        sys_id as source_id,
        event_time,
        numerator,
        denominator,
        left_out_reason
    from incident_rows
)

select * from final
