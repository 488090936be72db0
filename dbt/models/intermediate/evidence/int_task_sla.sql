with

task_slas as (
    select * from {{ ref('stg_servicenow__task_sla') }}
),

contracts as (
    select * from {{ ref('stg_servicenow__contract_sla') }}
),

sources as (
    select * from {{ ref('int_sla_source') }}
    where sla_source = 'task_sla'
),

incidents as (
    select * from {{ ref('int_incident') }}
),

final as (
    select
        task_slas.customer_id,
        incidents.account_key,
        task_slas.landed_id as sys_id,
        incidents.sys_id as incident_sys_id,
        coalesce(lower(trim(task_slas.stage)) = 'completed', false) as is_completed,
        task_slas.end_time is not null as has_end_time,
        case when task_slas.end_time < {{ as_of() }} then task_slas.end_time end as ended_at,
        task_slas.planned_end_time as due_at,
        coalesce(task_slas.has_breached, false) as has_breached,
        case
            when not task_slas.is_live then 'deleted'
            when incidents.left_out_reason is not null then incidents.left_out_reason
            when lower(trim(task_slas.stage)) in ('cancelled', 'canceled') then 'cancelled'
            when
                sources.has_contract_sla
                and not coalesce(
                    contracts.is_live
                    and (lower(trim(contracts.target)) = 'resolution' or not sources.has_contract_target)
                    and (lower(trim(contracts.type)) = 'sla' or not sources.has_contract_type),
                    false
                )
                then 'no resolution SLA'
        end as left_out_reason
    from task_slas
    inner join sources on task_slas.customer_id = sources.customer_id
    inner join incidents
        on
            task_slas.customer_id = incidents.customer_id
            and task_slas.task_value = incidents.sys_id
    left join contracts
        on
            task_slas.customer_id = contracts.customer_id
            and task_slas.sla_value = contracts.id_key
)

select * from final
