-- All marts of the customer `big` by hand, at the variable `as_of`, in the schema `handwritten`: for the tables and
-- columns that data.py lands, and no others. What these columns can hold is read by the rules of the dbt models. Left
-- out is what this data cannot hold: tables and columns that are not landed, keys that repeat or are NULL, history
-- mode, Salesforce ids of other than 15 or 18 characters, sources that are switched off or stale, other settings than
-- the default, custom KPIs, and marts that hold other customers or days already. Each raw table is read once, but the
-- incidents, of which reading few columns of few rows again is the fastest way.
create schema handwritten;

create temp macro as_of() as getvariable('as_of');

create temp macro days_before_as_of(days) as getvariable('as_of') - to_days(days);

create temp macro hours(microseconds) as microseconds::double / 3600000000.0;

create temp table accounts as
select
    left(id, 15) as account_key,
    id as account_id,
    name as account_name,
    type as account_type,
    website,
    case when isfinite(annual_revenue) then annual_revenue end as revenue,
    industry,
    case when isfinite(nps_score_c) then nps_score_c end as nps_score,
    case when isfinite(adoption_score_c) then adoption_score_c end as adoption_score,
    _fivetran_synced as synced_at,
    case
        when is_deleted then 'account deleted'
        when not coalesce(starts_with(type, 'Customer'), false) then 'account of another type'
    end as left_out_reason
from big_sf.account;

create table handwritten.accounts_left_out as
select
    'big' as customer_id,
    account_id,
    account_name,
    account_type,
    if(left_out_reason = 'account deleted', 'deleted', 'type') as reason,
    as_of() as as_of
from accounts
where left_out_reason is not null;
