{% set days_7 = days_before_as_of(7) -%}
{%- set days_14 = days_before_as_of(14) -%}
{%- set days_30 = days_before_as_of(30) -%}
{%- set days_90 = days_before_as_of(90) -%}
with

records as (
    select * from {{ ref('int_incident_fact') }}
    where is_live
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),
{%- if batch_has('servicenow', 'task_sla') %}

task_slas as (
    select * from {{ ref('int_task_sla') }}
    where left_out_reason is null
),

incident_slas as (
    select
        customer_id,
        incident_sys_id,
        count(case when decided_at >= {{ days_90 }} and unreadable_reason is null then 1 end) as decided_slas,
        sum(case when decided_at >= {{ days_90 }} and unreadable_reason is null then met end) as met_slas,
        count(case when {{ is_unreadable_since('decided_at', 'unreadable_reason', days_90) }} then 1 end)
            as unreadable_slas,
        max(breach_microseconds) as sla_breach_microseconds,
        count(*) as slas
    from task_slas
    group by customer_id, incident_sys_id
),

with_slas as (
    select
        records.*,
        incident_slas.decided_slas,
        incident_slas.met_slas,
        incident_slas.unreadable_slas,
        incident_slas.sla_breach_microseconds,
        incident_slas.slas
    from records
    left join incident_slas
        on
            records.customer_id = incident_slas.customer_id
            and records.sys_id = incident_slas.incident_sys_id
),
{%- else %}

with_slas as (
    select
        *,
        {{ literal(none, 'integer') }} as decided_slas,
        {{ literal(none, 'integer') }} as met_slas,
        {{ literal(none, 'integer') }} as unreadable_slas,
        {{ literal(none, 'integer') }} as sla_breach_microseconds,
        {{ literal(none, 'integer') }} as slas
    from records
),
{%- endif %}

judged as (
    select
        *,
        {{ not_blank('customer_account_name') }} is not null as is_name_giving,
        coalesce(opened_at, {{ timestamp_literal('1970-01-01 00:00:00') }}) as named_at,
        opened_at >= {{ days_90 }} and opening_unreadable is null as is_opened_in_90,
        opened_at >= {{ days_30 }} and opening_unreadable is null as is_opened_in_30,
        responded_at >= {{ days_90 }} and not is_response_negative and response_unreadable is null as is_answered_in_90,
        ended_at >= {{ days_90 }} and not is_resolution_negative and resolution_unreadable is null as is_resolved_in_90,
        rated_at >= {{ days_90 }} and not is_rating_refused and rating_unreadable is null as is_rated_in_90,
        rated_at >= {{ days_90 }} and is_rating_refused and rating_unreadable is null as is_refused_in_90,
        opened_at >= {{ days_90 }} and escalation_unreadable is null as is_in_escalation_rate,
        reopening_judged_at >= {{ days_90 }} and reopening_unreadable is null as is_in_reopen_rate,
        is_reopened or reopened_at >= {{ days_90 }} as is_reopened_in_90,
        due_decided_at >= {{ days_90 }} and due_unreadable is null as is_due_decided_in_90,
        sla_due < {{ as_of() }} and (ended_at > sla_due or ended_at is null) and due_unreadable is null
            as is_due_breached,
        made_decided_at >= {{ days_90 }} and made_unreadable is null as is_made_decided_in_90,
        made_decided_at is not null and not is_made and made_unreadable is null as is_made_breached
    from with_slas
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
        category,
        count(*) as incidents,
        count(case when has_sla_due then 1 end) as sla_due_incidents,
        count(case when has_made_sla then 1 end) as made_sla_incidents,
        max(synced_at) as synced_at,
        max(case when is_name_giving then named_at end) as newest_named_at,
        {{ newest('customer_account_name', 'named_at', 'sys_id', 'is_name_giving') }} as newest_name,
        {{ newest('sys_id', 'named_at', 'sys_id', 'is_name_giving') }} as newest_named_sys_id,

        -- the last 90 days
        count(case when is_opened_in_90 then 1 end) as opened,
        count(case when is_opened_in_90 and is_critical and priority_unreadable is null then 1 end) as opened_critical,
        count(case when opened_at >= {{ days_7 }} and is_opened_in_90 then 1 end) as opened_last_7_days,
        count(case when opened_at >= {{ days_14 }} and opened_at < {{ days_7 }} and is_opened_in_90 then 1 end)
            as opened_prior_7_days,
        count(case when is_in_escalation_rate then 1 end) as in_escalation_rate,
        count(case when is_in_escalation_rate and is_escalated then 1 end) as opened_escalated,
        count(case when {{ is_unreadable_since('opened_at', 'escalation_unreadable', days_90) }} then 1 end)
            as unreadable_escalations,
        count(case when is_in_reopen_rate then 1 end) as in_reopen_rate,
        count(case when is_in_reopen_rate and is_reopened_in_90 then 1 end) as reopened,
        count(case when {{ is_unreadable_since('reopening_judged_at', 'reopening_unreadable', days_90) }} then 1 end)
            as unreadable_reopenings,
        count(case when is_answered_in_90 then 1 end) as responses,
        sum(case when is_answered_in_90 then {{ exact('response_microseconds') }} end)
            as response_microseconds,
        count(case when {{ is_unreadable_since('responded_at', 'response_unreadable', days_90) }} then 1 end)
            as unreadable_responses,
        count(case when is_resolved_in_90 then 1 end) as resolutions,
        sum(case when is_resolved_in_90 then {{ exact('resolution_microseconds') }} end)
            as resolution_microseconds,
        count(case when {{ is_unreadable_since('ended_at', 'resolution_unreadable', days_90) }} then 1 end)
            as unreadable_resolutions,
        {%- for basis in ['business', 'sla'] %}
        count(case when ended_at >= {{ days_90 }} and {{ basis }}_unreadable is null then {{ basis }}_microseconds end)
            as {{ basis }}_resolutions,
        sum(
            case
                when ended_at >= {{ days_90 }} and {{ basis }}_unreadable is null
                    then {{ exact(basis ~ '_microseconds') }}
            end
        ) as {{ basis }}_resolution_microseconds,
        count(case when {{ is_unreadable_since('ended_at', basis ~ '_unreadable', days_90) }} then 1 end)
            as unreadable_{{ basis }}_resolutions,
        {%- endfor %}
        count(case when is_rated_in_90 then 1 end) as ratings,
        sum(case when is_rated_in_90 then satisfaction_rating end) as rating_sum,
        count(case when {{ is_unreadable_since('rated_at', 'rating_unreadable', days_90) }} then 1 end)
            as unreadable_ratings,
        count(case when is_refused_in_90 then 1 end) as refused_ratings,
        cast(sum(decided_slas) as {{ canonical_type('integer') }}) as task_sla_decided,
        cast(sum(met_slas) as {{ canonical_type('integer') }}) as task_sla_met,
        cast(sum(unreadable_slas) as {{ canonical_type('integer') }}) as task_sla_unreadable,
        count(case when is_due_decided_in_90 then 1 end) as sla_due_decided,
        count(case when is_due_decided_in_90 and is_due_met then 1 end) as sla_due_met,
        count(case when {{ is_unreadable_since('due_decided_at', 'due_unreadable', days_90) }} then 1 end)
            as sla_due_unreadable,
        count(case when is_made_decided_in_90 then 1 end) as made_sla_decided,
        count(case when is_made_decided_in_90 and is_made then 1 end) as made_sla_met,
        count(case when {{ is_unreadable_since('made_decided_at', 'made_unreadable', days_90) }} then 1 end)
            as made_sla_unreadable,

        -- opened in the last 30 days
        count(case when is_opened_in_30 then 1 end) as recent,
        count(case when is_opened_in_30 and is_reassigned_often then 1 end) as recent_routing_issues,
        count(case when is_opened_in_30 and is_escalated and escalation_unreadable is null then 1 end)
            as recent_complex_issues,
        count(case when is_opened_in_30 then slas end) as recent_with_task_sla,
        count(case when is_opened_in_30 then sla_due end) as recent_with_sla_due,
        count(case when is_opened_in_30 then is_made end) as recent_with_made_sla,
        count(case when is_opened_in_30 then sla_breach_microseconds end) as task_sla_breaches,
        sum(case when is_opened_in_30 then {{ exact('sla_breach_microseconds') }} end) as task_sla_breach_microseconds,
        count(case when is_opened_in_30 and is_critical then sla_breach_microseconds end) as task_sla_critical,
        count(case when is_opened_in_30 and is_due_breached then 1 end) as sla_due_breaches,
        sum(
            case
                when is_opened_in_30 and is_due_breached
                    then {{ exact(microseconds_between('sla_due', 'coalesce(ended_at, ' ~ as_of() ~ ')')) }}
            end
        ) as sla_due_breach_microseconds,
        count(case when is_opened_in_30 and is_due_breached and is_critical then 1 end) as sla_due_critical,
        count(case when is_opened_in_30 and is_made_breached then 1 end) as made_sla_breaches,
        count(case when is_opened_in_30 and is_made_breached and is_critical then 1 end) as made_sla_critical
    from judged
    group by customer_id, linked_id, link_unreadable, company_value, is_live, is_cancelled, is_child, category
),

linked as (
    {{ linked_incidents('summed') }}
),

final as (
    select
        *,
        left_out_reason is null as is_counting
    from linked
)

select * from final
