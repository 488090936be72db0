-- A code of one digit, which nearly all are, is not taken apart.
create temp macro is_code(landed, code) as
case
    when length(landed) = 1 then landed = code::varchar
    else coalesce(try_cast(regexp_extract(landed, '^\s*([0-9]{1,18})', 1) as bigint) = code, false)
end;

create temp macro is_numbered(landed) as regexp_matches(landed, '^\s*[0-9]{1,18}');

create temp macro is_cancelled(state) as
case
    when length(state) = 1 then state = '8'
    else is_code(state, 8) or coalesce(lower(trim(state)) in ('canceled', 'cancelled'), false)
end;

create temp macro salesforce_key(id) as
case when regexp_full_match(id, '[A-Za-z0-9]{18}') then left(id, 15) else id end;

-- Much is asked of the few incidents that are recent; the others are only counted. The ids that they name are cleaned
-- after they are grouped.
create temp table incidents as
with

existing as not materialized (
    select
        u_customer_account_id,
        is_cancelled(state) as is_cancelled,
        opened_at,
        case when resolved_at < as_of() then resolved_at end as ended_at,
        priority,
        made_sla,
        _fivetran_synced
    from big_sn.incident
    where opened_at < as_of()
),

recent_incidents as (
    select * from existing
    where opened_at >= days_before_as_of(90)

    union all

    select * from existing
    where opened_at < days_before_as_of(90) and ended_at >= days_before_as_of(90)
),

recent as (
    select
        u_customer_account_id,
        is_cancelled,
        count(*) as incidents,
        count(made_sla) as made_sla_incidents,
        max(_fivetran_synced) as synced_at,
        count(*) filter (is_opened_in_90) as opened,
        count(*) filter (is_opened_in_90 and is_critical) as opened_critical,
        count(*) filter (is_opened_in_7) as opened_last_7_days,
        count(*) filter (is_opened_in_14 and not is_opened_in_7) as opened_prior_7_days,
        count(*) filter (is_ended_in_90) as ended,
        count(*) filter (is_ended_in_90 and microseconds >= 0) as resolutions,
        sum(microseconds) filter (is_ended_in_90 and microseconds >= 0) as resolution_microseconds,
        count(made_sla) filter (is_ended_in_90) as made_sla_decided,
        count(*) filter (is_ended_in_90 and made_sla) as made_sla_met,
        count(*) filter (is_opened_in_30) as recent,
        count(*) filter (is_opened_in_30 and is_critical) as recent_critical,
        count(*) filter (is_opened_in_30 and trim(priority) != '' and not is_numbered(priority)) as recent_unprioritised,
        count(made_sla) filter (is_opened_in_30) as recent_with_made_sla,
        count(*) filter (is_opened_in_30 and is_breached) as made_sla_breaches,
        count(*) filter (is_opened_in_30 and is_breached and is_critical) as made_sla_critical,
        count(*) filter (is_ended_in_30 and microseconds >= 0) as recent_resolutions,
        sum(microseconds) filter (is_ended_in_30 and microseconds >= 0) as recent_resolution_microseconds,
        count(*) filter (is_ended_in_30 and microseconds < 0) as recent_negative,
        sum(microseconds) filter (is_ended_in_30 and microseconds < 0) as recent_negative_microseconds,
        count(made_sla) filter (is_ended_in_30) as recent_decided,
        count(*) filter (is_ended_in_30 and made_sla) as recent_met
    from (
        select
            *,
            opened_at >= days_before_as_of(90) as is_opened_in_90,
            opened_at >= days_before_as_of(30) as is_opened_in_30,
            opened_at >= days_before_as_of(14) as is_opened_in_14,
            opened_at >= days_before_as_of(7) as is_opened_in_7,
            ended_at >= days_before_as_of(90) as is_ended_in_90,
            ended_at >= days_before_as_of(30) as is_ended_in_30,
            epoch_us(ended_at) - epoch_us(opened_at) as microseconds,
            is_code(priority, 1) as is_critical,
            ended_at is not null and not made_sla as is_breached
        from recent_incidents
    ) as judged
    group by all
),

others as (
    select
        u_customer_account_id,
        is_cancelled,
        count(*) as incidents,
        count(made_sla) as made_sla_incidents,
        max(_fivetran_synced) as synced_at
    from existing
    where opened_at < days_before_as_of(90) and coalesce(ended_at < days_before_as_of(90), true)
    group by all
),

summed as (
    select
        nullif(trim(u_customer_account_id), '') as linked_id,
        salesforce_key(linked_id) as linked_key,
        is_cancelled,
        max(synced_at) as synced_at,
        coalesce(sum(columns(* exclude (u_customer_account_id, is_cancelled, synced_at))), 0)::bigint
    from (
        select * from recent
        union all by name
        select * from others
    ) as parts
    group by all
)

select
    summed.* exclude (linked_key),
    summed.linked_key as account_key,
    accounts.account_key is not null as is_salesforce_account,
    summed.linked_key is not null and accounts.left_out_reason is null as is_linked,
    case
        when accounts.left_out_reason is not null then accounts.left_out_reason
        when summed.linked_key is null then 'no account'
        when summed.is_cancelled then 'cancelled'
    end as left_out_reason
from summed
left join accounts on summed.linked_key = accounts.account_key;

-- By account, which several ids may name: the sums above do not hold what quantiles need.
create temp table resolutions as
select
    salesforce_key(nullif(trim(u_customer_account_id), '')) as account_key,
    quantile_cont(hours(epoch_us(resolved_at) - epoch_us(opened_at)), [0.5, 0.9]) as quantiles
from big_sn.incident
where
    opened_at < as_of() and resolved_at >= opened_at
    and resolved_at >= days_before_as_of(30) and resolved_at < as_of()
    and not is_cancelled(state)
group by all;
