with

task_slas as (
    select * from {{ ref('int_task_sla') }}
),

incidents as (
    select * from {{ ref('int_incident') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'sla_compliance' and gap is null
),

final as (
    select
        task_slas.customer_id,
        incidents.account_key,
        settings.kpi,
        'servicenow.task_sla' as source_table,
        task_slas.sys_id as source_id,
        task_slas.decided_at as event_time,
        {{ exact('task_slas.met') }} as numerator,
        {{ exact(1) }} as denominator,
        coalesce(
            task_slas.left_out_reason,
            incidents.left_out_reason,
            task_slas.unreadable_reason,
            incidents.is_live_unreadable
        ) as left_out_reason,
        'task_sla' as basis
    from task_slas
    inner join settings on task_slas.customer_id = settings.customer_id
    inner join incidents
        on
            task_slas.customer_id = incidents.customer_id
            and task_slas.incident_sys_id = incidents.sys_id
    where {{ is_looked_at('task_slas.decided_at', 'task_slas.unreadable_reason', 'settings.window_start') }}
)

select * from final
