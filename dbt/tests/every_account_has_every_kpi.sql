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
        customer_id,
        count(*) as kpis
    from settings
    group by customer_id
),

found as (
    select
        kpi_values.customer_id,
        kpi_values.account_id,
        count(*) as row_count,
        count(distinct kpi_values.kpi) as kpis
    from kpi_values
    inner join settings
        on
            kpi_values.customer_id = settings.customer_id
            and kpi_values.kpi = settings.kpi
    group by kpi_values.customer_id, kpi_values.account_id
)

select
    accounts.customer_id,
    accounts.account_id,
    expected.kpis as expected_kpis,
    found.kpis as found_kpis,
    found.row_count as found_rows
from accounts
inner join expected on accounts.customer_id = expected.customer_id
left join found
    on
        accounts.customer_id = found.customer_id
        and accounts.account_id = found.account_id
where
    coalesce(found.kpis, 0) <> expected.kpis
    or found.row_count <> expected.kpis
