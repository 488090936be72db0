with

task_slas as (
    select * from {{ ref('int_task_sla') }}
    where left_out_reason is null
),

incidents as (
    select * from {{ ref('int_incident') }}
    where left_out_reason is null
),

sources as (
    select * from {{ ref('int_sla_source') }}
),

from_task_sla as (
    select
        customer_id,
        incident_sys_id,
        {{ microseconds_between('due_at', 'coalesce(ended_at, ' ~ as_of() ~ ')') }} as breach_microseconds
    from task_slas
    where has_breached and due_at < {{ as_of() }}
),

from_incident as (
    select
        incidents.customer_id,
        incidents.sys_id as incident_sys_id,
        case
            when sources.sla_source = 'sla_due'
                then {{ microseconds_between('incidents.sla_due', 'coalesce(incidents.ended_at, ' ~ as_of() ~ ')') }}
        end as breach_microseconds
    from incidents
    inner join sources on incidents.customer_id = sources.customer_id
    where
        (
            sources.sla_source = 'sla_due'
            and incidents.sla_due < {{ as_of() }}
            and (incidents.ended_at > incidents.sla_due or incidents.ended_at is null)
        )
        or (
            sources.sla_source = 'made_sla'
            and incidents.ended_at is not null
            and not incidents.made_sla
        )
),

breaches as (
    select * from from_task_sla
    union all
    select * from from_incident
),

final as (
    select
        customer_id,
        incident_sys_id,
        max(breach_microseconds) as breach_microseconds
    from breaches
    group by customer_id, incident_sys_id
)

select * from final
