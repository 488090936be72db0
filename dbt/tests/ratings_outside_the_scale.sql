{{ config(severity='warn') }}
-- Accounts of which too many ratings lie outside the scale, with the scale that all ratings of the KPI would fit.
with

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where max_outside is not null
),

ratings as (
    select
        accounts.customer_id,
        accounts.account_id,
        settings.kpi,
        settings.source,
        settings.max_outside,
        sum(measures.row_count) as ratings,
        coalesce(sum(case when measures.left_out_reason is not null then measures.row_count end), 0) as outside,
        min(measures.least) as least,
        max(measures.greatest) as greatest,
        min(case when measures.left_out_reason is not null then measures.least end) as least_outside,
        max(case when measures.left_out_reason is not null then measures.greatest end) as greatest_outside
    from measures
    inner join accounts
        on
            measures.customer_id = accounts.customer_id
            and measures.account_key = accounts.account_key
    inner join settings
        on
            measures.customer_id = settings.customer_id
            and measures.kpi = settings.kpi
    where measures.left_out_reason is null or measures.left_out_reason = 'out of range'
    group by accounts.customer_id, accounts.account_id, settings.kpi, settings.source, settings.max_outside
),

off_scale as (
    select
        *,
        sum(ratings) over (partition by customer_id, kpi) as all_ratings,
        sum(outside) over (partition by customer_id, kpi) as all_outside,
        min(least) over (partition by customer_id, kpi) as all_least,
        max(greatest) over (partition by customer_id, kpi) as all_greatest,
        min(least_outside) over (partition by customer_id, kpi) as all_least_outside,
        max(greatest_outside) over (partition by customer_id, kpi) as all_greatest_outside
    from ratings
    where {{ is_off_scale('outside', 'ratings - outside', 'max_outside') }}
)

select
    customer_id,
    account_id,
    kpi,
    case source when 'salesforce' then 'salesforce.case' else 'servicenow.incident' end as source_table,
    'satisfaction_rating' as column_name,
    ratings,
    outside as row_count,
    case when 2 * all_outside > all_ratings then 'most' else 'many' end
    || ' ratings are ' || {{ whole_number('all_least_outside') }}
    || case
        when all_least_outside < all_greatest_outside then '–' || {{ whole_number('all_greatest_outside') }} else ''
    end
    || {{ scale_guess('all_least', 'all_greatest') }} as broken_rule
from off_scale
