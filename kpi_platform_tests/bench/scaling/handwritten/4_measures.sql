create table handwritten.servicenow_tickets as
select
    'big' as customer_id,
    linked_id,
    null::varchar as link_unreadable,
    null::varchar as company_value,
    true as is_live,
    is_cancelled,
    false as is_child,
    null::varchar as category,
    incidents,
    0::bigint as sla_due_incidents,
    made_sla_incidents,
    synced_at,
    null::timestamp as newest_named_at,
    null::varchar as newest_name,
    null::varchar as newest_named_sys_id,
    opened,
    opened_critical,
    opened_last_7_days,
    opened_prior_7_days,
    opened as in_escalation_rate,
    0::bigint as opened_escalated,
    0::bigint as unreadable_escalations,
    ended as in_reopen_rate,
    0::bigint as reopened,
    0::bigint as unreadable_reopenings,
    0::bigint as responses,
    null::decimal(38, 12) as response_microseconds,
    0::bigint as unreadable_responses,
    resolutions,
    if(resolutions > 0, resolution_microseconds, null)::decimal(38, 12) as resolution_microseconds,
    0::bigint as unreadable_resolutions,
    0::bigint as business_resolutions,
    null::decimal(38, 12) as business_resolution_microseconds,
    0::bigint as unreadable_business_resolutions,
    0::bigint as sla_resolutions,
    null::decimal(38, 12) as sla_resolution_microseconds,
    0::bigint as unreadable_sla_resolutions,
    0::bigint as ratings,
    null::decimal(38, 12) as rating_sum,
    0::bigint as unreadable_ratings,
    0::bigint as refused_ratings,
    null::bigint as task_sla_decided,
    null::bigint as task_sla_met,
    null::bigint as task_sla_unreadable,
    0::bigint as sla_due_decided,
    0::bigint as sla_due_met,
    0::bigint as sla_due_unreadable,
    made_sla_decided,
    made_sla_met,
    0::bigint as made_sla_unreadable,
    recent,
    0::bigint as recent_routing_issues,
    0::bigint as recent_complex_issues,
    0::bigint as recent_with_task_sla,
    0::bigint as recent_with_sla_due,
    recent_with_made_sla,
    0::bigint as task_sla_breaches,
    null::decimal(38, 12) as task_sla_breach_microseconds,
    0::bigint as task_sla_critical,
    0::bigint as sla_due_breaches,
    null::decimal(38, 12) as sla_due_breach_microseconds,
    0::bigint as sla_due_critical,
    made_sla_breaches,
    made_sla_critical,
    account_key,
    is_salesforce_account,
    is_linked,
    left_out_reason,
    left_out_reason is null as is_counting
from incidents;

-- No incident has a parent.
create table handwritten.servicenow_children as
select
    null::varchar as customer_id,
    null::varchar as sys_id,
    null::varchar as parent_sys_id,
    null::timestamp as as_of
where false;

set variable sla_source = (select case when sum(made_sla_incidents) > 0 then 'made_sla' end from incidents);

create table handwritten.kpi_accounts as
with

opportunity_syncs as (
    select
        account_key,
        max(synced_at) as synced_at
    from opportunities
    where left_out_reason is null or left_out_reason = 'not won'
    group by account_key
),

seen as (
    select
        account_key,
        is_salesforce_account,
        max_by(linked_id, (length(linked_id), linked_id)) filter (not is_salesforce_account) as account_id,
        coalesce(sum(incidents) filter (left_out_reason is null), 0)::bigint as counting_incidents,
        max(synced_at) filter (left_out_reason is null) as synced_at
    from incidents
    where is_linked
    group by all
),

counting as (
    select
        *,
        true as is_salesforce_account
    from accounts
    where left_out_reason is null
)

select
    'big' as customer_id,
    coalesce(counting.account_key, seen.account_key) as account_key,
    coalesce(counting.account_id, seen.account_id) as account_id,
    counting.account_name,
    counting.account_type,
    counting.account_key is not null as is_salesforce_account,
    seen.account_key is not null as is_seen_in_servicenow,
    coalesce(seen.counting_incidents, 0) as counting_incidents,
    counting.website,
    counting.revenue,
    counting.industry,
    null::varchar as region,
    null::varchar as csm_name,
    null::varchar as csm_email,
    counting.nps_score,
    null::varchar as nps_score_unreadable,
    counting.adoption_score,
    null::varchar as adoption_score_unreadable,
    null::double as churn_risk,
    null::varchar as churn_risk_unreadable,
    null::double as health_score,
    null::timestamp as last_login_date,
    null::double as active_users,
    null::double as total_users,
    null::double as feature_usage_score,
    null::varchar as executive_engagement,
    null::timestamp as nps_date,
    null::timestamp as adoption_index_date,
    null::timestamp as activation_date,
    null::timestamp as feature_usage_date,
    null::timestamp as churn_risk_date,
    greatest(counting.synced_at, seen.synced_at, cases.synced_at, opportunity_syncs.synced_at) as last_updated,
    getvariable('sla_source')::varchar as sla_source,
    null::varchar as sla_gap,
    'calendar' as time_basis,
    'bookings' as revenue_basis,
    null::timestamp as revenue_since,
    as_of() as as_of
from counting
full outer join seen
    on counting.account_key = seen.account_key and seen.is_salesforce_account
left join cases on counting.account_key = cases.account_key and cases.left_out_reason is null
left join opportunity_syncs on counting.account_key = opportunity_syncs.account_key;

create table handwritten.kpi_measures as
with

parts as (
    select
        account_key,
        'csat' as kpi,
        left_out_reason,
        null::varchar as basis,
        rated as row_count,
        ratings as numerator,
        rated as denominator,
        least_rating as least,
        greatest_rating as greatest
    from cases

    union all

    select
        account_key,
        'csat',
        coalesce(left_out_reason, 'out of range'),
        null,
        refused,
        refused_ratings,
        refused,
        least_refused,
        greatest_refused
    from cases

    union all

    select
        account_key,
        'executive_engagement',
        left_out_reason,
        null,
        touches,
        touches,
        0,
        1,
        1
    from touches

    union all

    select
        account_key,
        'revenue_growth',
        left_out_reason,
        null,
        closed,
        revenue - prior_revenue,
        prior_revenue,
        least_growth,
        greatest_growth
    from opportunities

    union all

    select
        account_key,
        'net_revenue_retention',
        left_out_reason,
        null,
        closed - closed_once - closed_new,
        revenue_retained,
        prior_revenue - prior_revenue_once,
        least_retained,
        greatest_retained
    from opportunities

    union all

    select
        account_key,
        'net_revenue_retention',
        coalesce(left_out_reason, 'type does not recur'),
        null,
        closed_once,
        0,
        prior_revenue_once,
        0,
        0
    from opportunities

    union all

    select
        account_key,
        'net_revenue_retention',
        coalesce(left_out_reason, 'new business in the window'),
        null,
        closed_new,
        0,
        0,
        0,
        0
    from opportunities

    union all

    select
        account_key,
        'support_ticket_volume',
        left_out_reason,
        null,
        recent,
        recent,
        0,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'support_ticket_rate',
        left_out_reason,
        null,
        recent,
        recent,
        0,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'critical_issues_count',
        left_out_reason,
        null,
        recent - recent_unprioritised,
        recent_critical,
        recent - recent_unprioritised,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'critical_issues_count',
        coalesce(left_out_reason, 'unreadable incident.priority'),
        null,
        recent_unprioritised,
        0,
        recent_unprioritised,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'resolution_time',
        left_out_reason,
        'calendar',
        recent_resolutions,
        recent_resolution_microseconds,
        recent_resolutions,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'resolution_time',
        coalesce(left_out_reason, 'negative'),
        'calendar',
        recent_negative,
        recent_negative_microseconds,
        recent_negative,
        null,
        null
    from incidents

    union all

    select
        account_key,
        'sla_compliance',
        left_out_reason,
        'made_sla',
        recent_decided,
        recent_met,
        recent_decided,
        null,
        null
    from incidents
),

measures as (
    select
        account_key,
        kpi,
        left_out_reason,
        basis,
        sum(row_count)::bigint as row_count,
        sum(numerator)::decimal(38, 12) as numerator,
        sum(denominator)::decimal(38, 12) as denominator,
        min(least)::decimal(38, 12) as least,
        max(greatest)::decimal(38, 12) as greatest
    from parts
    where row_count > 0
    group by all
)

select
    'big' as customer_id,
    measures.*,
    resolutions.quantiles[1] as median_hours,
    resolutions.quantiles[2] as p90_hours
from measures
left join resolutions
    on
        measures.account_key = resolutions.account_key
        and measures.kpi = 'resolution_time' and measures.left_out_reason is null;

create table handwritten.kpi_left_out as
select
    'big' as customer_id,
    accounts.account_id,
    measures.kpi,
    measures.left_out_reason,
    sum(measures.row_count)::bigint as left_out_count,
    as_of() as as_of
from handwritten.kpi_measures as measures
left join handwritten.kpi_accounts as accounts on measures.account_key = accounts.account_key
where measures.left_out_reason is not null
group by all;
