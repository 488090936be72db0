{{ config(severity='warn') }}
-- Values larger or smaller than their KPI can be. Ratings on another scale have a test of their own.
with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
),

measured as (
    select
        kpi_values.customer_id,
        kpi_values.account_id,
        accounts.account_name,
        kpi_values.kpi as column_name,
        settings.scale * kpi_values.numerator / kpi_values.denominator as value,
        settings.minimum,
        settings.maximum
    from kpi_values
    inner join accounts
        on
            kpi_values.customer_id = accounts.customer_id
            and kpi_values.account_id = accounts.account_id
    inner join settings
        on
            kpi_values.customer_id = settings.customer_id
            and kpi_values.kpi = settings.kpi
    where kpi_values.status = 'out_of_range' and kpi_values.denominator > 0
)

select * from measured
where value < minimum - 1e-9 or value > maximum + 1e-9
