-- The twelve KPIs of one customer by hand, for the columns that scaling/data.py lands and no others: each raw
-- table is read once, nothing is checked, explained, linked by name, or kept beside.
create or replace table handwritten as
with

as_of as (
    select timestamp '{as_of}' as now
),

cases as (
    select
        left(account_id, 15) as account_key,
        sum(satisfaction_rating_c::decimal(18, 6)) as ratings,
        count(*) as rated
    from "{salesforce}"."case", as_of
    where
        not is_deleted and created_date >= now - interval 90 days and created_date < now
        and satisfaction_rating_c between 1 and 5
    group by account_key
),

touches as (
    select
        left(contact.account_id, 15) as account_key,
        count(distinct task.id) as touches
    from "{salesforce}".task
    inner join "{salesforce}".contact on left(task.who_id, 15) = left(contact.id, 15), as_of
    where
        not task.is_deleted and task.is_closed and not contact.is_deleted
        and completed_date_time >= now - interval 30 days and completed_date_time < now
        and regexp_matches(
            lower(contact.title),
            '\b(vp|svp|evp|avp|vice president|director|president|chief|ceo|cfo|coo|cto|cio|cmo|cro|ciso|cso|cpo|head of)\b'
        )
        and not contains(lower(contact.title), 'assistant to')
    group by account_key
),

won as (
    select
        left(account_id, 15) as account_key,
        close_date >= now - interval 365 days as is_recent,
        lower(type) as kind,
        amount::decimal(18, 2) as amount
    from "{salesforce}".opportunity, as_of
    where not is_deleted and is_won and close_date >= now - interval 730 days and close_date < now
),

revenue as (
    select
        account_key,
        coalesce(sum(amount) filter (is_recent), 0)::double as r1,
        coalesce(sum(amount) filter (not is_recent), 0)::double as r0,
        count(*) as won,
        coalesce(sum(amount) filter (is_recent and kind in ('renewal', 'expansion')), 0)::double as retained,
        coalesce(sum(amount) filter (
            not is_recent and kind in ('new business', 'renewal', 'expansion')
        ), 0)::double as recurring,
        count(*) filter (
            kind in ('renewal', 'expansion') or not is_recent and kind = 'new business'
        ) as in_retention
    from won
    group by account_key
),

incidents as (
    select
        left(u_customer_account_id, 15) as account_key,
        count(*) filter (opened_at >= now - interval 30 days) as opened,
        count(*) filter (is_resolved and made_sla) as met,
        count(*) filter (is_resolved and made_sla is not null) as decided,
        count(*) filter (is_resolved) as resolved,
        sum(epoch_us(resolved_at) - epoch_us(opened_at)) filter (is_resolved) as microseconds
    from (
        select
            incident.*,
            now,
            coalesce(resolved_at >= now - interval 30 days and resolved_at < now, false) as is_resolved
        from "{servicenow}".incident, as_of
        where opened_at < now and left(state, 1) <> '8'
    ) as existing
    group by account_key
),

accounts as (
    select
        account.id as account_id,
        nps_score_c as nps,
        adoption_score_c as adoption,
        coalesce(ratings, 0)::double as ratings,
        coalesce(rated, 0) as rated,
        coalesce(touches, 0) as touches,
        coalesce(r1, 0) as r1,
        coalesce(r0, 0) as r0,
        coalesce(won, 0) as won,
        coalesce(retained, 0) as retained,
        coalesce(recurring, 0) as recurring,
        coalesce(in_retention, 0) as in_retention,
        incidents.account_key is not null as is_seen,
        coalesce(opened, 0) as opened,
        coalesce(met, 0) as met,
        coalesce(decided, 0) as decided,
        coalesce(resolved, 0) as resolved,
        coalesce(microseconds, 0) / 3600e6 as hours
    from "{salesforce}".account
    left join cases on left(account.id, 15) = cases.account_key
    left join touches on left(account.id, 15) = touches.account_key
    left join revenue on left(account.id, 15) = revenue.account_key
    left join incidents on left(account.id, 15) = incidents.account_key
    where not is_deleted and starts_with(type, 'Customer')
),

factors as (
    select
        *,
        case when nps < 10 then 25 else 0 end
        + case when rated > 0 and ratings / rated < 3 then 20 else 0 end
        + case when is_seen and opened > 10 then 15 else 0 end
        + case when touches = 0 then 25 else 0 end as held,
        case when nps is not null then 25 else 0 end + case when rated > 0 then 20 else 0 end
        + case when is_seen then 15 else 0 end + 25 as known,
        case when nps is not null then 1 else 0 end + case when rated > 0 then 1 else 0 end
        + case when is_seen then 1 else 0 end + 1 as known_factors
    from accounts
),

measures as (
    select
        account_id,
        unnest([
            {{kpi: 'nps', numerator: nps, denominator: 1.0::double, sample_size: 1, scale: 1}},
            {{kpi: 'adoption_index', numerator: adoption, denominator: 1.0, sample_size: 1, scale: 1}},
            {{kpi: 'csat', numerator: ratings, denominator: rated, sample_size: rated, scale: 1}},
            {{kpi: 'executive_engagement', numerator: touches, denominator: 1.0, sample_size: touches, scale: 1}},
            {{kpi: 'revenue_growth', numerator: r1 - r0, denominator: r0, sample_size: won, scale: 100}},
            {{kpi: 'net_revenue_retention', numerator: retained, denominator: recurring, sample_size: in_retention,
                scale: 100}},
            {{kpi: 'support_ticket_volume', numerator: if(is_seen, opened, null), denominator: if(is_seen, 1.0, null),
                sample_size: opened, scale: 1}},
            {{kpi: 'sla_compliance', numerator: met, denominator: decided, sample_size: decided, scale: 100}},
            {{kpi: 'resolution_time', numerator: hours, denominator: resolved, sample_size: resolved, scale: 1}},
            {{kpi: 'first_response_time', numerator: null, denominator: null, sample_size: null, scale: 1}},
            {{kpi: 'support_satisfaction', numerator: null, denominator: null, sample_size: null, scale: 1}},
            {{kpi: 'churn_risk', numerator: held, denominator: known, sample_size: known_factors, scale: 100}}
        ], recursive := true)
    from factors
)

select
    account_id,
    kpi,
    case when denominator > 0 then scale * numerator / denominator end as value,
    numerator,
    denominator,
    sample_size,
    case
        when kpi in ('first_response_time', 'support_satisfaction') then 'not_mapped'
        when denominator > 0 then 'ok'
        else 'no_data'
    end as status
from measures;
