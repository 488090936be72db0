with

task_slas as (
    select * from {{ ref('int_task_sla') }}
),

incidents as (
    select * from {{ ref('int_incident') }}
),

sources as (
    select * from {{ ref('int_sla_source') }}
),

from_task_sla as (
    select
        customer_id,
        account_key,
        'servicenow.task_sla' as source_table,
        sys_id as source_id,
        coalesce(ended_at, due_at) as decided_at,
        case when has_breached then 0 else 1 end as met,
        left_out_reason
    from task_slas
    where
        (ended_at is not null and is_completed)
        or (ended_at is null and has_breached and not (is_completed and not has_end_time))
),

from_sla_due as (
    select
        incidents.customer_id,
        incidents.account_key,
        'servicenow.incident' as source_table,
        incidents.sys_id as source_id,
        case when incidents.ended_at <= incidents.sla_due then incidents.ended_at else incidents.sla_due end
            as decided_at,
        case when incidents.ended_at <= incidents.sla_due then 1 else 0 end as met,
        incidents.left_out_reason
    from incidents
    inner join sources
        on
            incidents.customer_id = sources.customer_id
            and sources.sla_source = 'sla_due'
    where incidents.sla_due is not null
),

from_made_sla as (
    select
        incidents.customer_id,
        incidents.account_key,
        'servicenow.incident' as source_table,
        incidents.sys_id as source_id,
        incidents.ended_at as decided_at,
        case when incidents.made_sla then 1 else 0 end as met,
        incidents.left_out_reason
    from incidents
    inner join sources
        on
            incidents.customer_id = sources.customer_id
            and sources.sla_source = 'made_sla'
    where incidents.made_sla is not null
),

decisions as (
    select * from from_task_sla
    union all
    select * from from_sla_due
    union all
    select * from from_made_sla
),

final as (
    select * from decisions
    where decided_at < {{ as_of() }}
)

select * from final
