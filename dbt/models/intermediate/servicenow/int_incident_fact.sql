with

records as (
    select * from {{ ref('int_incident_record') }}
),

timed as (
    select
        *,
        -- A due time is decided when it is met (at the resolution) or breached (when it is due).
        case when ended_at <= sla_due then ended_at else sla_due end as due_time
    from records
),

-- Per KPI: when an incident counts, what it adds, and why it may be refused.
final as (
    select
        customer_id,
        sys_id,
        linked_id,
        company_value,
        customer_account_name,
        category,
        synced_at,
        is_live,
        is_cancelled,
        is_child,

        -- support_ticket_volume
        opened_at,

        -- first_response_time
        responded_at,
        {{ microseconds_between('opened_at', 'responded_at') }} as response_microseconds,
        responded_at < opened_at as is_response_negative,

        -- resolution_time
        ended_at,
        {{ microseconds_between('opened_at', 'ended_at') }} as resolution_microseconds,
        ended_at < opened_at as is_resolution_negative,

        -- support_satisfaction
        case when satisfaction_rating is not null then ended_at end as rated_at,
        satisfaction_rating,
        {{ is_rating('satisfaction_rating') }} = false as is_rating_refused,

        -- sla_compliance by sla_due
        sla_due,
        case when due_time < {{ as_of() }} then due_time end as due_decided_at,
        ended_at <= sla_due as is_due_met,

        -- sla_compliance by made_sla
        case when made_sla is not null then ended_at end as made_decided_at,
        made_sla as is_made,

        -- escalation_rate, critical_issues_count, ticket_reopen_rate and other counts
        escalation > 0 as is_escalated,
        priority = 1 as is_critical,
        reopen_count > 0 as is_reopened,
        reassignment_count > 2 as is_reassigned_often
    from timed
)

select * from final
