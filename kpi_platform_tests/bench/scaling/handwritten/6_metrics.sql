create table handwritten.account_churn_risk as
select
    'big' as customer_id,
    account_id,
    nps_risk,
    csat_risk,
    null::integer as inactivity_risk,
    support_volume_risk,
    relationship_risk,
    null::integer as silence_risk,
    churn_risk as total_churn_risk_score,
    known_weight / 100 as coverage,
    if(churn_risk is null, 'no_data', 'ok') as status,
    'computed' as calculation,
    held_weight as numerator,
    known_weight as denominator,
    known_factors as sample_size,
    0 as unreadable_count,
    null::varchar as left_out_reason,
    as_of() as as_of
from figures;

create temp macro clamped(score) as case when score < 0 then 0 when score > 100 then 100 else score end;

create table handwritten.account_health_score as
with

-- Every input on 0 to 100.
inputs as (
    select
        account_id,
        clamped((nps + 100) / 2) as nps,
        clamped((csat - 1) / 4 * 100) as csat,
        clamped(executive_engagement / 10 * 100) as executive_engagement,
        clamped(adoption_index) as adoption_index,
        clamped(revenue_growth) as revenue_growth,
        clamped(net_revenue_retention / 150 * 100) as net_revenue_retention,
        clamped(100 - churn_risk) as churn_risk,
        clamped(sla_compliance) as sla_compliance,
        clamped(100 - resolution_time / 120 * 100) as resolution_time
    from figures
),

known as (
    select
        *,
        if(nps is null, 0, 0.3) + if(csat is null, 0, 0.3) + if(executive_engagement is null, 0, 0.4)
            as relationship_known,
        if(adoption_index is null, 0, 0.5) as adoption_known,
        if(revenue_growth is null, 0, 0.4) + if(net_revenue_retention is null, 0, 0.4)
        + if(churn_risk is null, 0, 0.2) as outcomes_known,
        if(sla_compliance is null, 0, 0.4) + if(resolution_time is null, 0, 0.15) as support_known
    from inputs
),

scored as (
    select
        *,
        (0.3 * coalesce(nps, 0) + 0.3 * coalesce(csat, 0) + 0.4 * coalesce(executive_engagement, 0))
        / nullif(relationship_known, 0) as relationship_score,
        adoption_index as adoption_score,
        (0.4 * coalesce(revenue_growth, 0) + 0.4 * coalesce(net_revenue_retention, 0) + 0.2 * coalesce(churn_risk, 0))
        / nullif(outcomes_known, 0) as business_outcomes_score,
        (0.4 * coalesce(sla_compliance, 0) + 0.15 * coalesce(resolution_time, 0)) / nullif(support_known, 0)
            as support_score,
        round(0.4 * relationship_known + 0.3 * adoption_known + 0.3 * outcomes_known, 9)::double as coverage,
        -- NULL where too little is known for a health score.
        case
            when coverage >= 0.5
                then
                    if(relationship_known > 0, 0.4, 0) + if(adoption_known > 0, 0.3, 0)
                    + if(outcomes_known > 0, 0.3, 0)
        end as weight
    from known
)

select
    'big' as customer_id,
    account_id,
    relationship_score,
    adoption_score,
    business_outcomes_score,
    support_score,
    (
        0.4 * coalesce(relationship_score, 0) + 0.3 * coalesce(adoption_score, 0)
        + 0.3 * coalesce(business_outcomes_score, 0)
    ) / weight as health_score,
    coverage,
    0.4 / weight * 0.3 / relationship_known * nps as nps_contribution,
    0.4 / weight * 0.3 / relationship_known * csat as csat_contribution,
    0.4 / weight * 0.4 / relationship_known * executive_engagement as executive_engagement_contribution,
    0.3 / weight * adoption_index as adoption_index_contribution,
    null::double as activation_contribution,
    null::double as feature_usage_contribution,
    0.3 / weight * 0.4 / outcomes_known * revenue_growth as revenue_growth_contribution,
    0.3 / weight * 0.4 / outcomes_known * net_revenue_retention as net_revenue_retention_contribution,
    0.3 / weight * 0.2 / outcomes_known * churn_risk as churn_risk_contribution,
    if(weight is null or sla_compliance is null, null, 0::double) as sla_compliance_contribution,
    null::double as support_satisfaction_contribution,
    null::double as first_response_time_contribution,
    if(weight is null or resolution_time is null, null, 0::double) as resolution_time_contribution,
    null::double as crm_health_score,
    as_of() as as_of
from scored;

create table handwritten.kpi_salesforce_metrics as
select
    'big' as customer_id,
    account_id,
    account_name,
    revenue,
    industry,
    null::varchar as region,
    null::varchar as csm_name,
    null::varchar as csm_email,
    website,
    nps,
    csat,
    executive_engagement as executive_engagement_score,
    adoption_index,
    revenue_growth as revenue_growth_percent,
    net_revenue_retention,
    null::double as gross_revenue_retention,
    churn_risk,
    as_of() as as_of
from figures
where is_salesforce_account;

create table handwritten.kpi_servicenow_metrics as
select
    'big' as customer_id,
    account_id,
    account_name,
    support_ticket_volume,
    null::double as support_ticket_rate,
    sla_compliance as sla_compliance_percent,
    null::double as first_response_time_hours,
    resolution_time as resolution_time_hours,
    median_hours as resolution_time_median_hours,
    p90_hours as resolution_time_p90_hours,
    null::double as support_satisfaction,
    null::double as escalation_rate,
    null::double as ticket_reopen_rate,
    coalesce(critical_tickets, 0) as critical_issues_count,
    getvariable('sla_source')::varchar as sla_source,
    'calendar' as time_basis,
    as_of() as as_of
from figures
where is_seen_in_servicenow;

create table handwritten.kpi_integrated_metrics as
select
    'big' as customer_id,
    account_id,
    account_name,
    revenue,
    industry,
    null::varchar as region,
    null::varchar as csm_name,
    null::varchar as csm_email,
    website,
    nps,
    csat,
    executive_engagement as executive_engagement_score,
    adoption_index,
    revenue_growth as revenue_growth_percent,
    net_revenue_retention,
    null::double as gross_revenue_retention,
    churn_risk,
    support_ticket_volume,
    null::double as support_ticket_rate,
    sla_compliance as sla_compliance_percent,
    null::double as first_response_time_hours,
    resolution_time as resolution_time_hours,
    median_hours as resolution_time_median_hours,
    p90_hours as resolution_time_p90_hours,
    null::double as support_satisfaction,
    null::double as escalation_rate,
    null::double as ticket_reopen_rate,
    if(is_seen_in_servicenow, coalesce(critical_tickets, 0), null) as critical_issues_count,
    null::double as arr,
    null::double as arr_in_grace,
    (
        select min(renewals.close_date)::date
        from big_sf.opportunity as renewals
        where
            figures.is_salesforce_account
            and left(renewals.account_id, 15) = left(figures.account_id, 15)
            and not renewals.is_deleted
            and not coalesce(renewals.is_won, false)
            and lower(renewals.type) in ('renewal', 'existing customer - replacement')
            and renewals.close_date >= as_of()::date
    ) as next_renewal_date,
    null::varchar as arr_currency,
    is_salesforce_account,
    'calendar' as time_basis,
    'bookings' as revenue_basis,
    as_of() as as_of,
    last_updated
from figures;

create table handwritten.servicenow_support_metrics as
select
    'big' as customer_id,
    figures.account_id,
    support.opened as total_tickets,
    support.opened_critical as critical_tickets,
    100 * support.made_sla_met / nullif(support.made_sla_decided, 0) as sla_compliance_percent,
    null::double as avg_first_response_hours,
    hours(support.resolution_microseconds) / nullif(support.resolutions, 0) as avg_resolution_hours,
    null::double as avg_satisfaction,
    null::double as reopen_rate_percent,
    null::double as escalation_rate_percent,
    support.opened_last_7_days as tickets_last_7_days,
    support.opened_prior_7_days as tickets_prior_7_days,
    as_of() as as_of
from support
inner join figures on support.account_key = figures.account_key;

create table handwritten.servicenow_sla_breaches as
select
    'big' as customer_id,
    figures.account_id,
    null::varchar as category,
    support.recent as total_tickets,
    if(getvariable('sla_source') is null, null, support.made_sla_breaches) as sla_breaches,
    100 * sla_breaches / support.recent as breach_rate,
    if(getvariable('sla_source') is null, null, support.recent_with_made_sla) as tickets_with_sla,
    100 * sla_breaches / nullif(tickets_with_sla, 0) as breach_rate_of_sla,
    null::double as avg_breach_hours,
    null::bigint as routing_issues,
    null::bigint as complex_issues,
    if(getvariable('sla_source') is null, null, support.made_sla_critical) as critical_breaches,
    as_of() as as_of
from support
inner join figures on support.account_key = figures.account_key
where support.recent > 0;

-- No address of a contact is landed.
create table handwritten.account_email_domains (
    customer_id varchar,
    account_id varchar,
    email_domain varchar,
    contact_count bigint,
    as_of timestamp
);
