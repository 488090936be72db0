create temp macro in_range(measured, minimum, maximum) as
case when measured between minimum - 1e-9 and maximum + 1e-9 then measured end;

create temp table support as
select
    account_key,
    sum(columns(* exclude (
        linked_id, account_key, is_cancelled, synced_at, is_salesforce_account, is_linked, left_out_reason
    )))::bigint
from incidents
where left_out_reason is null
group by account_key;

-- One row for each account: what its KPIs are made of, and the KPIs; one that is out of its range is NULL.
create temp table figures as
with

left_out as (
    select
        account_key,
        sum(row_count) filter (kpi = 'csat') as ratings,
        sum(row_count) filter (kpi = 'executive_engagement') as touches,
        sum(row_count) filter (kpi = 'revenue_growth') as closed,
        sum(row_count) filter (kpi = 'net_revenue_retention') as closed_recurring,
        sum(row_count) filter (kpi = 'support_ticket_volume') as tickets,
        sum(row_count) filter (kpi = 'sla_compliance') as slas,
        sum(row_count) filter (kpi = 'resolution_time') as resolutions
    from handwritten.kpi_measures
    where left_out_reason is not null
    group by account_key
),

summed as (
    select
        accounts.account_key,
        accounts.account_id,
        accounts.account_name,
        accounts.is_salesforce_account,
        accounts.is_seen_in_servicenow,
        accounts.website,
        accounts.revenue,
        accounts.industry,
        accounts.nps_score,
        accounts.adoption_score,
        accounts.last_updated,
        coalesce(cases.ratings, 0)::double as rating_sum,
        coalesce(cases.rated, 0) as ratings,
        coalesce(touches.touches, 0) as touches,
        coalesce(opportunities.revenue - opportunities.prior_revenue, 0)::double as growth,
        coalesce(opportunities.prior_revenue, 0)::double as prior_revenue,
        coalesce(opportunities.closed, 0) as closed,
        coalesce(opportunities.revenue_retained, 0)::double as retained,
        coalesce(opportunities.prior_revenue - opportunities.prior_revenue_once, 0)::double as recurring,
        coalesce(opportunities.closed - opportunities.closed_once - opportunities.closed_new, 0) as closed_recurring,
        case when accounts.is_seen_in_servicenow then coalesce(support.recent, 0) end as tickets,
        case when support.recent > 0 then support.recent_critical end as critical_tickets,
        coalesce(support.recent_met, 0) as slas_met,
        coalesce(support.recent_decided, 0) as slas,
        hours(coalesce(support.recent_resolution_microseconds, 0)) as resolution_hours,
        coalesce(support.recent_resolutions, 0) as resolutions,
        resolutions.quantiles[1] as median_hours,
        resolutions.quantiles[2] as p90_hours,
        coalesce(left_out.ratings, 0)::bigint as ratings_left_out,
        coalesce(left_out.touches, 0)::bigint as touches_left_out,
        coalesce(left_out.closed, 0)::bigint as closed_left_out,
        coalesce(left_out.closed_recurring, 0)::bigint as closed_recurring_left_out,
        coalesce(left_out.tickets, 0)::bigint as tickets_left_out,
        coalesce(left_out.slas, 0)::bigint as slas_left_out,
        coalesce(left_out.resolutions, 0)::bigint as resolutions_left_out
    from handwritten.kpi_accounts as accounts
    left join cases on accounts.account_key = cases.account_key and cases.left_out_reason is null
    left join touches on accounts.account_key = touches.account_key and touches.left_out_reason is null
    left join opportunities
        on accounts.account_key = opportunities.account_key and opportunities.left_out_reason is null
    left join support on accounts.account_key = support.account_key
    left join resolutions on accounts.account_key = resolutions.account_key
    left join left_out on accounts.account_key = left_out.account_key
)

select
    *,
    in_range(nps_score, -100, 100) as nps,
    in_range(adoption_score, 0, 100) as adoption_index,
    in_range(rating_sum / nullif(ratings, 0), 1, 5) as csat,
    case when is_salesforce_account then touches::double end as executive_engagement,
    in_range(case when prior_revenue > 0 then 100 * growth / prior_revenue end, -100, 'infinity'::double)
        as revenue_growth,
    in_range(case when recurring > 0 then 100 * retained / recurring end, 0, 'infinity'::double)
        as net_revenue_retention,
    tickets::double as support_ticket_volume,
    100 * slas_met / nullif(slas, 0) as sla_compliance,
    resolution_hours / nullif(resolutions, 0) as resolution_time,
    case when nps < 10 then 25 when nps is not null then 0 end as nps_risk,
    case when csat < 3 then 20 when csat is not null then 0 end as csat_risk,
    case when tickets > 10 then 15 when tickets is not null then 0 end as support_volume_risk,
    case when executive_engagement = 0 then 25 when executive_engagement is not null then 0 end as relationship_risk,
    (
        coalesce(nps_risk, 0) + coalesce(csat_risk, 0) + coalesce(support_volume_risk, 0)
        + coalesce(relationship_risk, 0)
    )::double as held_weight,
    (
        if(nps_risk is null, 0, 25) + if(csat_risk is null, 0, 20) + if(support_volume_risk is null, 0, 15)
        + if(relationship_risk is null, 0, 25)
    )::double as known_weight,
    if(nps_risk is null, 0, 1) + if(csat_risk is null, 0, 1) + if(support_volume_risk is null, 0, 1)
    + if(relationship_risk is null, 0, 1) as known_factors,
    case when known_weight >= 50 then 100 * held_weight / known_weight end as churn_risk
from summed;

create table handwritten.kpi_values as
with

measured as (
    select
        account_id,
        is_salesforce_account as is_mapped,
        'nps' as kpi,
        nps as value,
        nps_score as numerator,
        if(nps_score is null, null, 1)::double as denominator,
        if(nps_score is null, 0, 1)::bigint as sample_size,
        null::timestamp as window_start,
        0 as left_out_count
    from figures

    union all

    select
        account_id,
        is_salesforce_account,
        'adoption_index',
        adoption_index,
        adoption_score,
        if(adoption_score is null, null, 1),
        if(adoption_score is null, 0, 1),
        null,
        0
    from figures

    union all

    select
        account_id,
        is_salesforce_account,
        'csat',
        csat,
        rating_sum,
        ratings,
        ratings,
        days_before_as_of(90),
        ratings_left_out
    from figures

    union all

    select
        account_id,
        is_salesforce_account,
        'executive_engagement',
        executive_engagement,
        touches,
        1,
        touches,
        days_before_as_of(30),
        touches_left_out
    from figures

    union all

    select
        account_id,
        is_salesforce_account,
        'revenue_growth',
        revenue_growth,
        growth,
        prior_revenue,
        closed,
        days_before_as_of(365),
        closed_left_out
    from figures

    union all

    select
        account_id,
        is_salesforce_account,
        'net_revenue_retention',
        net_revenue_retention,
        retained,
        recurring,
        closed_recurring,
        days_before_as_of(365),
        closed_recurring_left_out
    from figures

    union all

    select
        account_id,
        true,
        'support_ticket_volume',
        support_ticket_volume,
        tickets,
        if(tickets is null, null, 1),
        coalesce(tickets, 0),
        days_before_as_of(30),
        tickets_left_out
    from figures

    union all

    select
        account_id,
        true,
        'support_ticket_rate',
        null,
        tickets,
        null,
        coalesce(tickets, 0),
        days_before_as_of(30),
        tickets_left_out
    from figures

    union all

    select
        account_id,
        true,
        'sla_compliance',
        sla_compliance,
        slas_met,
        slas,
        slas,
        days_before_as_of(30),
        slas_left_out
    from figures

    union all

    select
        account_id,
        true,
        'resolution_time',
        resolution_time,
        resolution_hours,
        resolutions,
        resolutions,
        days_before_as_of(30),
        resolutions_left_out
    from figures

    union all

    select
        account_id,
        false,
        'first_response_time',
        null,
        null,
        null,
        null,
        days_before_as_of(30),
        0
    from figures

    union all

    select
        account_id,
        false,
        'support_satisfaction',
        null,
        null,
        null,
        null,
        days_before_as_of(90),
        0
    from figures

    union all

    select
        account_id,
        false,
        'gross_revenue_retention',
        null,
        null,
        null,
        null,
        days_before_as_of(365),
        0
    from figures
),

-- Of each KPI, the reason for which most rows were left out.
reasons as (
    select
        account_id,
        kpi,
        arg_max(left_out_reason, {'count': left_out_count, 'reason': left_out_reason}) as left_out_reason
    from handwritten.kpi_left_out
    group by account_id, kpi
)

select
    'big' as customer_id,
    account_id,
    kpi,
    value,
    if(is_mapped, numerator, null) as numerator,
    if(is_mapped, denominator, null) as denominator,
    if(is_mapped, sample_size, null) as sample_size,
    window_start,
    as_of() as window_end,
    case
        when not is_mapped then 'not_mapped'
        when value is not null then 'ok'
        when denominator > 0 then 'out_of_range'
        else 'no_data'
    end as status,
    left_out_count::bigint as left_out_count,
    if(status = 'no_data', left_out_reason, null) as left_out_reason,
    0::bigint as unreadable_count,
    as_of() as as_of
from measured
left join reasons using (account_id, kpi)

union all

select
    'big',
    account_id,
    'churn_risk',
    churn_risk,
    held_weight,
    known_weight,
    known_factors,
    null,
    as_of(),
    if(churn_risk is null, 'no_data', 'ok'),
    0,
    null,
    0,
    as_of()
from figures;

create table handwritten.kpi_daily as
select
    *,
    as_of::date as as_of_date
from handwritten.kpi_values;
