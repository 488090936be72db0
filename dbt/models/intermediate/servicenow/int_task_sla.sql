{%- set by_ticket = batch_has_fact('sla_unit', 'ticket') -%}
with

task_slas as (
    select * from {{ ref('stg_servicenow__task_sla') }}
),

contracts as (
    select * from {{ ref('stg_servicenow__contract_sla') }}
),

customers as (
    select * from {{ ref('int_customer') }}
    where sla_setting in ('auto', 'task_sla') or has_sla_time
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
        start_time,
        business_microseconds,
        business_microseconds_unreadable as time_unreadable,
        coalesce(has_breached, has_breached_unreadable is not null) as has_breached,
        has_breached_unreadable as breach_unreadable,
        is_live_unreadable
    from task_slas
),

filtered as (
    select
        staged.*,
        customers.sla_unit,
        contracts.is_live_unreadable as contract_unreadable,
        case when staged.stage = 'completed' then staged.ended_at end as completed_at,
        -- An end at or after as_of has not come yet; completed without an end, an SLA does not run either.
        staged.ended_at is null and (staged.has_end_time or coalesce(staged.stage <> 'completed', true)) as is_running,
        case
            when not staged.is_live then 'deleted'
            when staged.stage in ('cancelled', 'canceled') then 'cancelled'
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
    from staged
    inner join customers on staged.customer_id = customers.customer_id
    left join contracts
        on
            staged.customer_id = contracts.customer_id
            and staged.sla_value = contracts.id_key
),

timed as (
    select
        *,
        left_out_reason is null and (completed_at is not null or is_running or end_unreadable is not null)
            as is_looked_at,
        case
            when not has_breached then null
            when due_at < completed_at or (is_running and due_at < {{ as_of() }}) then due_at
            else completed_at
        end as breached_at,
        case when has_breached and (completed_at is not null or is_running) then due_unreadable end
            as breach_time_unreadable
    from filtered
),
{%- if by_ticket %}

-- By ticket, one of its SLAs decides: the first that breached, or else, once all are completed, the last to end. One
-- that cannot be read makes the ticket unreadable.
ranked as (
    select
        *,
        row_number() over (
            partition by customer_id, incident_sys_id, is_looked_at
            order by
                case when breached_at is null then 1 else 0 end,
                breached_at,
                completed_at desc,
                {{ bytewise('sys_id') }}
        ) as place,
        count(case when completed_at is null then 1 end) over (partition by customer_id, incident_sys_id, is_looked_at)
            as running_slas,
        min(
            coalesce(end_unreadable, breach_unreadable, breach_time_unreadable, is_live_unreadable, contract_unreadable)
        ) over (partition by customer_id, incident_sys_id, is_looked_at) as ticket_unreadable
    from timed
),
{%- endif %}

decided as (
    select
        *,
        case
            when sla_unit = 'sla' then coalesce(completed_at, case when is_running then breached_at end)
            {%- if by_ticket %}
            when is_looked_at and place = 1 and ticket_unreadable is null
                then coalesce(breached_at, case when running_slas = 0 then completed_at end)
            {%- endif %}
        end as decided_at,
        case
            when sla_unit = 'sla' and stage = 'completed' and end_unreadable is not null then end_unreadable
            when sla_unit = 'sla' and is_running then breach_time_unreadable
            {%- if by_ticket %}
            when sla_unit = 'ticket' and is_looked_at and place = 1 then ticket_unreadable
            {%- endif %}
        end as decision_unreadable
    from {{ 'ranked' if by_ticket else 'timed' }}
),

final as (
    select
        customer_id,
        sys_id,
        incident_sys_id,
        decided_at,
        case when has_breached then 0 else 1 end as met,
        {{ unreadable_at(
            'decided_at', 'decision_unreadable',
            ['breach_unreadable', 'end_unreadable', 'is_live_unreadable', 'contract_unreadable'],
        ) }} as unreadable_reason,
        case
            when has_breached and breach_unreadable is null and end_unreadable is null and due_at < {{ as_of() }}
                then {{ microseconds_between('due_at', 'coalesce(ended_at, ' ~ as_of() ~ ')') }}
        end as breach_microseconds,
        completed_at,
        start_time,
        business_microseconds,
        time_unreadable,
        left_out_reason
    from decided
)

select * from final
