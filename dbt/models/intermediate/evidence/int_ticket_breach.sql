with

task_slas as (
    select * from {{ ref('int_task_sla') }}
    where left_out_reason is null and has_breached and due_at < {{ as_of() }}
),

incidents as (
    select * from {{ ref('int_incident') }}
    where left_out_reason is null and opened_at >= {{ days_before_as_of(30) }}
),

sources as (
    select * from {{ ref('int_sla_source') }}
),

task_sla_breaches as (
    select
        customer_id,
        incident_sys_id,
        max({{ microseconds_between('due_at', 'coalesce(ended_at, ' ~ as_of() ~ ')') }}) as breach_microseconds
    from task_slas
    group by customer_id, incident_sys_id
),

final as (
    select
        incidents.customer_id,
        incidents.account_key,
        incidents.sys_id,
        incidents.category,
        incidents.priority,
        incidents.escalation,
        incidents.reassignment_count,
        sources.sla_source,
        case sources.sla_source
            when 'task_sla' then task_sla_breaches.incident_sys_id is not null
            when 'sla_due'
                then coalesce(
                    incidents.sla_due < {{ as_of() }}
                    and (incidents.ended_at > incidents.sla_due or incidents.ended_at is null),
                    false
                )
            when 'made_sla' then coalesce(incidents.ended_at is not null and not incidents.made_sla, false)
        end as is_breached,
        case sources.sla_source
            when 'task_sla' then task_sla_breaches.breach_microseconds
            when 'sla_due'
                then {{ microseconds_between('incidents.sla_due', 'coalesce(incidents.ended_at, ' ~ as_of() ~ ')') }}
        end as breach_microseconds
    from incidents
    inner join sources on incidents.customer_id = sources.customer_id
    left join task_sla_breaches
        on
            incidents.customer_id = task_sla_breaches.customer_id
            and incidents.sys_id = task_sla_breaches.incident_sys_id
)

select * from final
