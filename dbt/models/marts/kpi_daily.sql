{{ config(
    incremental_strategy='replace_customer_days',
    partition_by={'field': 'as_of_date', 'data_type': 'date'} if target.type == 'bigquery' else none,
) }}

with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
),

final as (
    select
        *,
        cast(as_of as date) as as_of_date
    from kpi_values
)

select * from final
