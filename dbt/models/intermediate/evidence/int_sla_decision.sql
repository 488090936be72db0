with

task_slas as (
    select * from {{ ref('int_task_sla') }}
),

incidents as (
    select * from {{ ref('int_incident') }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

from_task_sla as (
    select
        task_slas.customer_id,
        incidents.account_key,
        'task_sla' as sla_source,
        'servicenow.task_sla' as source_table,
        task_slas.sys_id as source_id,
        task_slas.decided_at,
        task_slas.met,
        coalesce(task_slas.left_out_reason, incidents.left_out_reason) as left_out_reason
    from task_slas
    inner join incidents
        on
            task_slas.customer_id = incidents.customer_id
            and task_slas.incident_sys_id = incidents.sys_id
    where task_slas.decided_at is not null
),

from_sla_due as (
    select
        incidents.customer_id,
        incidents.account_key,
        'sla_due' as sla_source,
        'servicenow.incident' as source_table,
        incidents.sys_id as source_id,
        {{ due_decided_at('incidents') }} as decided_at,
        case when incidents.ended_at <= incidents.sla_due then 1 else 0 end as met,
        incidents.left_out_reason
    from incidents
    inner join customers
        on
            incidents.customer_id = customers.customer_id
            and customers.sla_setting in ('auto', 'sla_due')
    where {{ due_decided_at('incidents') }} < {{ as_of() }}
),

from_made_sla as (
    select
        incidents.customer_id,
        incidents.account_key,
        'made_sla' as sla_source,
        'servicenow.incident' as source_table,
        incidents.sys_id as source_id,
        incidents.ended_at as decided_at,
        case when incidents.made_sla then 1 else 0 end as met,
        incidents.left_out_reason
    from incidents
    inner join customers
        on
            incidents.customer_id = customers.customer_id
            and customers.sla_setting in ('auto', 'made_sla')
    where incidents.made_sla is not null and incidents.ended_at is not null
),

final as (
    select * from from_task_sla
    union all
    select * from from_sla_due
    union all
    select * from from_made_sla
)

select * from final
