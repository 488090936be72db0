{{ config(
    incremental_strategy='replace_customer_days',
    partition_by=day_partitions('as_of_date'),
) }}

with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

final as (
    select
        *,
        cast(as_of as date) as as_of_date,
        {{ computed_at() }} as computed_at
    from kpi_values
)

select * from final
