with

task_slas as (
    select * from {{ ref('stg_servicenow__task_sla') }}
),

contracts as (
    select * from {{ ref('stg_servicenow__contract_sla') }}
),

customers as (
    select * from {{ ref('int_customer') }}
    where sla_setting in ('auto', 'task_sla')
),

staged as (
    select
        customer_id,
        landed_id as sys_id,
        task_value as incident_sys_id,
        sla_value,
        is_live,
        lower(trim(stage)) as stage,
        case when end_time < {{ as_of() }} then end_time end as ended_at,
        end_time is not null as has_end_time,
        end_time_unreadable as end_unreadable,
        planned_end_time as due_at,
        planned_end_time_unreadable as due_unreadable,
        coalesce(has_breached, has_breached_unreadable is not null) as has_breached,
        has_breached_unreadable as breach_unreadable,
        is_live_unreadable
    from task_slas
),

-- Completed without an end decides nothing; an end at or after as_of has not come yet. What may have breached is
-- looked at when it was due.
decided as (
    select
        *,
        case
            when stage = 'completed' and end_unreadable is not null then null
            when ended_at is not null and stage = 'completed' then ended_at
            when ended_at is not null or not has_breached then null
            when stage = 'completed' and not has_end_time then null
            when due_at < {{ as_of() }} then due_at
        end as decided_at,
        case
            when stage = 'completed' and end_unreadable is not null then end_unreadable
            when ended_at is not null or not has_breached then null
            when stage = 'completed' and not has_end_time then null
            else due_unreadable
        end as decision_unreadable
    from staged
),

final as (
    select
        decided.customer_id,
        decided.sys_id,
        decided.incident_sys_id,
        decided.decided_at,
        case when decided.has_breached then 0 else 1 end as met,
        {{ unreadable_at(
            'decided.decided_at', 'decided.decision_unreadable',
            [
                'decided.breach_unreadable', 'decided.end_unreadable', 'decided.is_live_unreadable',
                'contracts.is_live_unreadable',
            ],
        ) }} as unreadable_reason,
        case
            when
                decided.has_breached
                and decided.breach_unreadable is null
                and decided.end_unreadable is null
                and decided.due_at < {{ as_of() }}
                then {{ microseconds_between('decided.due_at', 'coalesce(decided.ended_at, ' ~ as_of() ~ ')') }}
        end as breach_microseconds,
        case
            when not decided.is_live then 'deleted'
            when decided.stage in ('cancelled', 'canceled') then 'cancelled'
            when
                customers.has_contract_sla
                and not coalesce(
                    contracts.is_live
                    and (lower(trim(contracts.target)) = 'resolution' or not customers.has_contract_target)
                    and (lower(trim(contracts.contract_type)) = 'sla' or not customers.has_contract_type),
                    false
                )
                then 'no resolution SLA'
        end as left_out_reason
    from decided
    inner join customers on decided.customer_id = customers.customer_id
    left join contracts
        on
            decided.customer_id = contracts.customer_id
            and decided.sla_value = contracts.id_key
)

select * from final
