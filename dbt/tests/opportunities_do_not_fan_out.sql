-- Rows in = rows out: every opportunity that revenue growth looked at is in kpi_measures exactly once, if amounts are
-- added up as they were booked.
with

opportunities as (
    select * from {{ ref('stg_salesforce__opportunity') }}
),

settings as (
    select settings.*
    from {{ ref('int_kpi_setting') }} as settings
    inner join {{ ref('int_revenue_basis') }} as bases
        on
            settings.customer_id = bases.customer_id
            and bases.revenue_basis = 'bookings'
    where settings.kpi = 'revenue_growth' and settings.gap is null
),

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

rows_in as (
    select
        opportunities.customer_id,
        count(*) as row_count
    from opportunities
    inner join settings on opportunities.customer_id = settings.customer_id
    where
        opportunities.close_date_unreadable is not null
        or (
            opportunities.close_date >= settings.prior_window_start
            and opportunities.close_date < settings.window_end
            and (
                opportunities.close_date < settings.prior_window_end
                or opportunities.close_date >= settings.window_start
            )
        )
    group by opportunities.customer_id
),

rows_out as (
    select
        customer_id,
        sum(row_count) as row_count
    from measures
    where kpi = 'revenue_growth'
    group by customer_id
)

select
    settings.customer_id,
    rows_in.row_count as rows_in,
    rows_out.row_count as rows_out
from settings
left join rows_in on settings.customer_id = rows_in.customer_id
left join rows_out on settings.customer_id = rows_out.customer_id
where coalesce(rows_in.row_count, 0) <> coalesce(rows_out.row_count, 0)
