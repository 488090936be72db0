with

incidents as (
    select
        incidents.*,
        windows.opened_from,
        windows.rate_from,
        windows.responded_from,
        windows.calendar_from,
        windows.business_from,
        windows.sla_time_from,
        windows.rated_from,
        windows.due_from,
        windows.made_from,
        windows.escalated_from,
        windows.critical_from,
        windows.reopened_from
    from {{ ref('int_incident') }} as incidents
    inner join {{ ref('int_incident_window') }} as windows on incidents.customer_id = windows.customer_id
),

support_ticket_volume as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, opening_unreadable) as left_out_reason,
        'support_ticket_volume' as kpi,
        opened_at as event_time,
        {{ exact(1) }} as numerator,
        {{ exact(0) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('opened_at', 'opening_unreadable', 'opened_from') }}
),

support_ticket_rate as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, opening_unreadable) as left_out_reason,
        'support_ticket_rate' as kpi,
        opened_at as event_time,
        {{ exact(1) }} as numerator,
        {{ exact(0) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('opened_at', 'opening_unreadable', 'rate_from') }}
),

first_response_time as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(
            left_out_reason, response_unreadable, case when is_response_negative then 'negative' end
        ) as left_out_reason,
        'first_response_time' as kpi,
        responded_at as event_time,
        {{ exact('response_microseconds') }} as numerator,
        {{ exact(1) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('responded_at', 'response_unreadable', 'responded_from') }}
),

resolution_time as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(
            left_out_reason, resolution_unreadable, case when is_resolution_negative then 'negative' end
        ) as left_out_reason,
        'resolution_time' as kpi,
        ended_at as event_time,
        {{ exact('resolution_microseconds') }} as numerator,
        {{ exact(1) }} as denominator,
        'calendar' as basis
    from incidents
    where {{ is_looked_at('ended_at', 'resolution_unreadable', 'calendar_from') }}
    {%- for basis, window in [('business', 'business_from'), ('sla', 'sla_time_from')]
        if batch_has_fact('has_' ~ basis ~ '_time') %}

    union all

    select
        customer_id,
        account_key,
        sys_id,
        coalesce(
            left_out_reason, {{ basis }}_unreadable,
            case when {{ basis }}_microseconds is null then 'no {{ basis }} time' end
        ) as left_out_reason,
        'resolution_time' as kpi,
        ended_at as event_time,
        {{ exact(basis ~ '_microseconds') }} as numerator,
        {{ exact(1) }} as denominator,
        '{{ basis }}' as basis
    from incidents
    where {{ is_looked_at('ended_at', basis ~ '_unreadable', window) }}
    {%- endfor %}
),

support_satisfaction as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(
            left_out_reason, rating_unreadable, case when is_rating_refused then 'out of range' end
        ) as left_out_reason,
        'support_satisfaction' as kpi,
        rated_at as event_time,
        {{ exact('satisfaction_rating') }} as numerator,
        {{ exact(1) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('rated_at', 'rating_unreadable', 'rated_from') }}
),

-- By the source task_sla: int_task_sla_event.
sla_compliance as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, due_unreadable) as left_out_reason,
        'sla_compliance' as kpi,
        due_decided_at as event_time,
        {{ exact('case when is_due_met then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        'sla_due' as basis
    from incidents
    where {{ is_looked_at('due_decided_at', 'due_unreadable', 'due_from') }}

    union all

    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, made_unreadable) as left_out_reason,
        'sla_compliance' as kpi,
        made_decided_at as event_time,
        {{ exact('case when is_made then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        'made_sla' as basis
    from incidents
    where {{ is_looked_at('made_decided_at', 'made_unreadable', 'made_from') }}
),

rates as (
    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, escalation_unreadable) as left_out_reason,
        'escalation_rate' as kpi,
        opened_at as event_time,
        {{ exact('case when is_escalated then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('opened_at', 'escalation_unreadable', 'escalated_from') }}

    union all

    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, priority_unreadable) as left_out_reason,
        'critical_issues_count' as kpi,
        opened_at as event_time,
        {{ exact('case when is_critical then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('opened_at', 'priority_unreadable', 'critical_from') }}

    union all

    select
        customer_id,
        account_key,
        sys_id,
        coalesce(left_out_reason, reopening_unreadable) as left_out_reason,
        'ticket_reopen_rate' as kpi,
        reopening_judged_at as event_time,
        {{ exact('case when is_reopened or reopened_at >= reopened_from then 1 else 0 end') }} as numerator,
        {{ exact(1) }} as denominator,
        {{ literal(none, 'string') }} as basis
    from incidents
    where {{ is_looked_at('reopening_judged_at', 'reopening_unreadable', 'reopened_from') }}
),

events as (
    select * from support_ticket_volume
    union all
    select * from support_ticket_rate
    union all
    select * from first_response_time
    union all
    select * from resolution_time
    union all
    select * from support_satisfaction
    union all
    select * from sla_compliance
    union all
    select * from rates
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
        left_out_reason,
        basis
    from events
)

select * from final
