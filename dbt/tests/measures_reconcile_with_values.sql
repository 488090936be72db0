-- What was counted row by row is what the values say: nothing is lost between kpi_measures and kpi_values.
with

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi not in ('nps', 'adoption_index', 'churn_risk')
),

counted as (
    select
        measures.customer_id,
        measures.kpi,
        sum(measures.row_count) as row_count
    from measures
    inner join accounts
        on
            measures.customer_id = accounts.customer_id
            and measures.account_key = accounts.account_key
            and (
                measures.basis is null
                or measures.basis = accounts.sla_source
                or measures.basis = accounts.time_basis
            )
    where measures.left_out_reason is null
    group by measures.customer_id, measures.kpi
),

shown as (
    select
        kpi_values.customer_id,
        kpi_values.kpi,
        sum(kpi_values.sample_size) as row_count
    from kpi_values
    inner join settings
        on
            kpi_values.customer_id = settings.customer_id
            and kpi_values.kpi = settings.kpi
    group by kpi_values.customer_id, kpi_values.kpi
)

select
    shown.customer_id,
    shown.kpi,
    counted.row_count as counted_rows,
    shown.row_count as shown_rows
from shown
left join counted
    on
        shown.customer_id = counted.customer_id
        and shown.kpi = counted.kpi
where coalesce(counted.row_count, 0) <> coalesce(shown.row_count, 0)
