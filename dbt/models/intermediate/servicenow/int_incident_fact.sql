with

records as (
    select * from {{ ref('int_incident_record') }}
),

timed as (
    select
        records.*,
        {%- if batch_has_fact('has_sla_time') %}
        sla_times.sla_microseconds,
        sla_times.unreadable_reason as sla_time_reason,
        {%- else %}
        {{ literal(none, 'integer') }} as sla_microseconds,
        {{ literal(none, 'string') }} as sla_time_reason,
        {%- endif %}
        -- A due time is decided when it is met (at the resolution) or breached (when it is due).
        case
            when records.ended_at_unreadable is not null then null
            when records.ended_at <= records.sla_due then records.ended_at
            else records.sla_due
        end as due_time,
        {%- if batch_has_children() %}
        children.sys_id is not null or (records.child_incidents = 'exclude' and records.parent_sys_id is not null)
            as is_child
        {%- else %}
        records.child_incidents = 'exclude' and records.parent_sys_id is not null as is_child
        {%- endif %}
    from records
    {% if batch_has_children() %}
    left join {{ ref('int_child_incident') }} as children
        on
            records.customer_id = children.customer_id
            and records.sys_id = children.sys_id
    {%- endif %}
    {%- if batch_has_fact('has_sla_time') %}
    left join {{ ref('int_sla_time') }} as sla_times
        on
            records.customer_id = sla_times.customer_id
            and records.sys_id = sla_times.incident_sys_id
    {%- endif %}
),

-- Per KPI: when an incident counts, what it adds, why it may be refused, and why it cannot be read.
facts as (
    select
        customer_id,
        sys_id,
        linked_id,
        link_unreadable,
        company_value,
        customer_account_name,
        category,
        synced_at,
        is_live,
        is_live_unreadable,
        is_cancelled,
        is_child,

        -- support_ticket_volume
        opened_at,
        {{ unreadable_at('opened_at', 'opened_at_unreadable', ['is_live_unreadable']) }} as opening_unreadable,

        -- first_response_time
        responded_at,
        {{ microseconds_between('opened_at', 'responded_at') }} as response_microseconds,
        coalesce(responded_at < opened_at, false) as is_response_negative,
        {{ unreadable_at(
            'responded_at', 'responded_at_unreadable',
            ['opened_at_unreadable', takes_ten_years('opened_at', 'responded_at'), 'is_live_unreadable'],
        ) }} as response_unreadable,

        -- resolution_time, by each basis
        ended_at,
        {{ microseconds_between('opened_at', 'ended_at') }} as resolution_microseconds,
        coalesce(ended_at < opened_at, false) as is_resolution_negative,
        {{ unreadable_at(
            'ended_at', 'ended_at_unreadable',
            ['opened_at_unreadable', takes_ten_years('opened_at', 'ended_at'), 'is_live_unreadable'],
        ) }} as resolution_unreadable,
        case when business_stc > 0 then cast(business_stc * 1000000 as {{ canonical_type('integer') }}) end
            as business_microseconds,
        {{ unreadable_at('ended_at', 'ended_at_unreadable', ['business_stc_unreadable', 'is_live_unreadable']) }}
            as business_unreadable,
        case when sla_microseconds > 0 then sla_microseconds end as sla_microseconds,
        {{ unreadable_at('ended_at', 'ended_at_unreadable', ['sla_time_reason', 'is_live_unreadable']) }}
            as sla_unreadable,

        -- support_satisfaction
        case when satisfaction_rating is not null or satisfaction_rating_unreadable is not null then ended_at end
            as rated_at,
        satisfaction_rating,
        coalesce(not {{ is_incident_rating('satisfaction_rating') }}, false) as is_rating_refused,
        case
            when satisfaction_rating is not null or satisfaction_rating_unreadable is not null
                then {{ unreadable_at(
                    'ended_at', 'ended_at_unreadable', ['satisfaction_rating_unreadable', 'is_live_unreadable']
                ) }}
        end as rating_unreadable,

        -- sla_compliance by sla_due
        sla_due,
        sla_due is not null or sla_due_unreadable is not null as has_sla_due,
        case when due_time < {{ as_of() }} then due_time end as due_decided_at,
        ended_at <= sla_due as is_due_met,
        case
            when sla_due is null then sla_due_unreadable
            when due_time is null then ended_at_unreadable
            when due_time < {{ as_of() }} then is_live_unreadable
        end as due_unreadable,

        -- sla_compliance by made_sla
        case when made_sla is not null or made_sla_unreadable is not null then ended_at end as made_decided_at,
        made_sla as is_made,
        made_sla is not null or made_sla_unreadable is not null as has_made_sla,
        case
            when made_sla is not null or made_sla_unreadable is not null
                then {{ unreadable_at(
                    'ended_at', 'ended_at_unreadable', ['made_sla_unreadable', 'is_live_unreadable']
                ) }}
        end as made_unreadable,

        -- ticket_reopen_rate: what was resolved, and what was reopened
        reopened_at,
        case
            when taken_back_at is not null then taken_back_at
            when ended_at is null or reopened_at > ended_at then reopened_at
            else ended_at
        end as reopening_judged_at,
        reopen_count > 0 or taken_back_at is not null as is_reopened,
        {{ unreadable_at(
            'coalesce(taken_back_at, ended_at, reopened_at)', 'reopening_time_unreadable',
            ['reopen_count_unreadable', 'is_live_unreadable'],
        ) }} as reopening_unreadable,

        -- escalation_rate, critical_issues_count and other counts
        escalation > 0 as is_escalated,
        {{ unreadable_at('opened_at', 'opened_at_unreadable', ['escalation_unreadable', 'is_live_unreadable']) }}
            as escalation_unreadable,
        priority = 1 as is_critical,
        {{ unreadable_at('opened_at', 'opened_at_unreadable', ['priority_unreadable', 'is_live_unreadable']) }}
            as priority_unreadable,
        reassignment_count > 2 as is_reassigned_often
    from timed
),

final as (
    select
        *,
        {{ all_unreadable() }} as all_unreadable
    from facts
)

select * from final
