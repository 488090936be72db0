with

records as (
    select
        recent.*,
        {{ is_looked_at('recent.opened_at', 'recent.opening_unreadable', 'windows.opened_from') }} as is_opened,
        {{ is_looked_at('recent.opened_at', 'recent.opening_unreadable', 'windows.rate_from') }} as is_in_ticket_rate,
        {{ is_looked_at('recent.responded_at', 'recent.response_unreadable', 'windows.responded_from') }}
            as is_responded,
        {{ is_looked_at('recent.ended_at', 'recent.resolution_unreadable', 'windows.calendar_from') }} as is_resolved,
        {{ is_looked_at('recent.ended_at', 'recent.business_unreadable', 'windows.business_from') }}
            as is_resolved_by_business,
        {{ is_looked_at('recent.ended_at', 'recent.sla_unreadable', 'windows.sla_time_from') }} as is_resolved_by_sla,
        recent.ended_at >= windows.shares_from as is_in_time_shares,
        {{ is_looked_at('recent.rated_at', 'recent.rating_unreadable', 'windows.rated_from') }} as is_rated,
        {{ is_looked_at('recent.due_decided_at', 'recent.due_unreadable', 'windows.due_from') }} as is_due_decided,
        {{ is_looked_at('recent.made_decided_at', 'recent.made_unreadable', 'windows.made_from') }} as is_made_decided,
        {{ is_looked_at('recent.opened_at', 'recent.escalation_unreadable', 'windows.escalated_from') }}
            as is_in_escalation_rate,
        {{ is_looked_at('recent.opened_at', 'recent.priority_unreadable', 'windows.critical_from') }}
            as is_in_critical_count,
        {{ is_looked_at('recent.reopening_judged_at', 'recent.reopening_unreadable', 'windows.reopened_from') }}
            as is_in_reopen_rate,
        {%- if batch_has_fact('health_scheme', 'standard') %}
        recent.opening_unreadable is null
        and recent.opened_at >= windows.own_mean_from
        and recent.opened_at < windows.opened_from as is_before_window,
        recent.opening_unreadable is null
        and recent.opened_at >= windows.busy_from
        and recent.opened_at < windows.silent_from as is_in_busy_days,
        recent.opening_unreadable is null and recent.opened_at >= windows.silent_from as is_in_silent_days,
        {%- endif %}
        recent.reopened_at >= windows.reopened_from as is_reopened_in_window
    from {{ ref('int_recent_incident') }} as recent
    inner join {{ ref('int_incident_window') }} as windows on recent.customer_id = windows.customer_id
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

-- Summed before they are linked: accounts are few, and their incidents many.
summed as (
    select
        customer_id,
        linked_id,
        link_unreadable,
        company_value,
        is_live,
        is_cancelled,
        is_child,
        all_unreadable,

        count(case when is_opened then 1 end) as opened,
        count(case when is_in_ticket_rate then 1 end) as in_ticket_rate,
        {%- if batch_has_fact('health_scheme', 'standard') %}
        count(case when is_before_window then 1 end) as before_window,
        count(case when is_in_busy_days then 1 end) as in_busy_days,
        count(case when is_in_silent_days then 1 end) as in_silent_days,
        {%- endif %}

        count(case when is_responded and not is_response_negative then 1 end) as responses,
        sum(case when is_responded and not is_response_negative then {{ exact('response_microseconds') }} end)
            as response_microseconds,
        count(case when is_responded and is_response_negative then 1 end) as negative_responses,
        sum(case when is_responded and is_response_negative then {{ exact('response_microseconds') }} end)
            as negative_response_microseconds,

        count(case when is_resolved and not is_resolution_negative then 1 end) as resolutions,
        sum(case when is_resolved and not is_resolution_negative then {{ exact('resolution_microseconds') }} end)
            as resolution_microseconds,
        count(case when is_resolved and is_resolution_negative then 1 end) as negative_resolutions,
        sum(case when is_resolved and is_resolution_negative then {{ exact('resolution_microseconds') }} end)
            as negative_resolution_microseconds,

        {%- for basis in ['business', 'sla'] if batch_has_fact('has_' ~ basis ~ '_time') %}

        count(case when is_resolved_by_{{ basis }} then {{ basis }}_microseconds end) as {{ basis }}_resolutions,
        sum(case when is_resolved_by_{{ basis }} then {{ exact(basis ~ '_microseconds') }} end)
            as {{ basis }}_resolution_microseconds,
        count(case when is_resolved_by_{{ basis }} and {{ basis }}_microseconds is null then 1 end)
            as resolutions_without_{{ basis }},
        count(case when is_in_time_shares then {{ basis }}_microseconds end) as with_{{ basis }}_time,
        {%- endfor %}
        count(case when is_in_time_shares then 1 end) as in_time_shares,

        count(case when is_rated and not is_rating_refused then 1 end) as ratings,
        sum(case when is_rated and not is_rating_refused then {{ exact('satisfaction_rating') }} end) as rating_sum,
        min(case when is_rated and not is_rating_refused then {{ exact('satisfaction_rating') }} end) as least_rating,
        max(case when is_rated and not is_rating_refused then {{ exact('satisfaction_rating') }} end)
            as greatest_rating,
        count(case when is_rated and is_rating_refused then 1 end) as refused_ratings,
        sum(case when is_rated and is_rating_refused then {{ exact('satisfaction_rating') }} end)
            as refused_rating_sum,
        min(case when is_rated and is_rating_refused then {{ exact('satisfaction_rating') }} end)
            as least_refused_rating,
        max(case when is_rated and is_rating_refused then {{ exact('satisfaction_rating') }} end)
            as greatest_refused_rating,

        count(case when is_due_decided then 1 end) as due_decided,
        count(case when is_due_decided and is_due_met then 1 end) as due_met,
        count(case when is_made_decided then 1 end) as made_decided,
        count(case when is_made_decided and is_made then 1 end) as made_met,

        count(case when is_in_escalation_rate then 1 end) as in_escalation_rate,
        count(case when is_in_escalation_rate and is_escalated then 1 end) as escalated,
        count(case when is_in_critical_count then 1 end) as in_critical_count,
        count(case when is_in_critical_count and is_critical then 1 end) as critical,
        count(case when is_in_reopen_rate then 1 end) as in_reopen_rate,
        count(case when is_in_reopen_rate and (is_reopened or is_reopened_in_window) then 1 end) as reopened
    from records
    group by customer_id, linked_id, link_unreadable, company_value, is_live, is_cancelled, is_child, all_unreadable
),

linked as (
    {{ linked_incidents('summed') }}
),

final as (
    {{ incident_sums(
        'support_ticket_volume', rows='opened', numerator='opened', unreadable='opening_unreadable', denominator=0,
    ) }}
    union all
    {{ incident_sums(
        'support_ticket_rate', rows='in_ticket_rate', numerator='in_ticket_rate', unreadable='opening_unreadable',
        denominator=0,
    ) }}
    {%- for days in ['before_window', 'in_busy_days', 'in_silent_days']
        if batch_has_fact('health_scheme', 'standard') %}
    union all
    {{ incident_sums('tickets_' ~ days, rows=days, numerator=days, denominator=0, counting_only=true) }}
    {%- endfor %}
    union all
    {{ incident_sums(
        'first_response_time', rows='responses', numerator='response_microseconds', unreadable='response_unreadable',
    ) }}
    union all
    {{ incident_sums(
        'first_response_time', rows='negative_responses', numerator='negative_response_microseconds',
        unreadable='response_unreadable', refused='negative',
    ) }}
    union all
    {{ incident_sums(
        'resolution_time', rows='resolutions', numerator='resolution_microseconds', unreadable='resolution_unreadable',
        basis='calendar',
    ) }}
    union all
    {{ incident_sums(
        'resolution_time', rows='negative_resolutions', numerator='negative_resolution_microseconds',
        unreadable='resolution_unreadable', refused='negative', basis='calendar',
    ) }}
    {%- for basis in ['business', 'sla'] if batch_has_fact('has_' ~ basis ~ '_time') %}
    union all
    {{ incident_sums(
        'resolution_time', rows=basis ~ '_resolutions', numerator=basis ~ '_resolution_microseconds',
        unreadable=basis ~ '_unreadable', basis=basis,
    ) }}
    union all
    {{ incident_sums(
        'resolution_time', rows='resolutions_without_' ~ basis, numerator=0, unreadable=basis ~ '_unreadable',
        refused='no ' ~ basis ~ ' time', basis=basis,
    ) }}
    union all
    {{ incident_sums(basis ~ '_time_share', rows='in_time_shares', numerator='with_' ~ basis ~ '_time') }}
    {%- endfor %}
    union all
    {{ incident_sums(
        'support_satisfaction', rows='ratings', numerator='rating_sum', unreadable='rating_unreadable',
        least='least_rating', greatest='greatest_rating',
    ) }}
    union all
    {{ incident_sums(
        'support_satisfaction', rows='refused_ratings', numerator='refused_rating_sum',
        unreadable='rating_unreadable', refused='out of range', least='least_refused_rating',
        greatest='greatest_refused_rating',
    ) }}
    union all
    {{ incident_sums(
        'sla_compliance', rows='due_decided', numerator='due_met', unreadable='due_unreadable', basis='sla_due',
    ) }}
    union all
    {{ incident_sums(
        'sla_compliance', rows='made_decided', numerator='made_met',
        unreadable='made_unreadable', basis='made_sla',
    ) }}
    union all
    {{ incident_sums(
        'escalation_rate', rows='in_escalation_rate', numerator='escalated', unreadable='escalation_unreadable',
    ) }}
    union all
    {{ incident_sums(
        'critical_issues_count', rows='in_critical_count', numerator='critical', unreadable='priority_unreadable',
    ) }}
    union all
    {{ incident_sums(
        'ticket_reopen_rate', rows='in_reopen_rate', numerator='reopened', unreadable='reopening_unreadable',
    ) }}
)

select * from final
