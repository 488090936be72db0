-- The full outer join of both sources neither loses nor doubles an account.
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

integrated as (
    {{ of_batch(ref('kpi_integrated_metrics')) }}
),

found as (
    select
        customer_id,
        account_id,
        count(*) as row_count
    from integrated
    group by customer_id, account_id
)

select
    accounts.customer_id,
    accounts.account_id,
    found.row_count as found_rows
from accounts
left join found
    on
        accounts.customer_id = found.customer_id
        and accounts.account_id = found.account_id
where coalesce(found.row_count, 0) <> 1
