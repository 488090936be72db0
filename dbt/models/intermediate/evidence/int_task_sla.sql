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

latest_task_slas as (
    {{ latest('task_slas', 'sys_id', 'sys_id') }}
),

latest_contracts as (
    {{ latest('contracts', 'sys_id', 'sys_id') }}
),

final as (
    select
        latest_task_slas.customer_id,
        incidents.account_key,
        latest_task_slas.sys_id,
        incidents.sys_id as incident_sys_id,
        coalesce(lower(trim(latest_task_slas.stage)) = 'completed', false) as is_completed,
        latest_task_slas.end_time is not null as has_end_time,
        case when latest_task_slas.end_time < {{ as_of() }} then latest_task_slas.end_time end as ended_at,
        latest_task_slas.planned_end_time as due_at,
        coalesce(latest_task_slas.has_breached, false) as has_breached,
        case
            when not latest_task_slas.is_live then 'deleted'
            when incidents.left_out_reason is not null then incidents.left_out_reason
            when lower(trim(latest_task_slas.stage)) in ('cancelled', 'canceled') then 'cancelled'
            when
                sources.has_contract_sla
                and not coalesce(
                    latest_contracts.is_live
                    and (lower(trim(latest_contracts.target)) = 'resolution' or not sources.has_contract_target)
                    and (lower(trim(latest_contracts.type)) = 'sla' or not sources.has_contract_type),
                    false
                )
                then 'no resolution SLA'
        end as left_out_reason
    from latest_task_slas
    inner join sources on latest_task_slas.customer_id = sources.customer_id
    inner join incidents
        on
            latest_task_slas.customer_id = incidents.customer_id
            and latest_task_slas.task_value = incidents.sys_id
    left join latest_contracts
        on
            latest_task_slas.customer_id = latest_contracts.customer_id
            and latest_task_slas.sla_value = latest_contracts.sys_id
)

select * from final
