-- Rows in = rows out: each account has each of the twelve exactly once, in kpi_values and in kpi_daily.
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
),

expected as (
    select
        accounts.customer_id,
        accounts.account_id,
        settings.kpi
    from accounts
    inner join settings on accounts.customer_id = settings.customer_id
),

found as (
    select
        customer_id,
        account_id,
        kpi,
        count(*) as row_count
    from kpi_values
    group by customer_id, account_id, kpi
)

select
    expected.customer_id,
    expected.account_id,
    expected.kpi,
    found.row_count
from expected
left join found
    on
        expected.customer_id = found.customer_id
        and expected.account_id = found.account_id
        and expected.kpi = found.kpi
where coalesce(found.row_count, 0) <> 1
