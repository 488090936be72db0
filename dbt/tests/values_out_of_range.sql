with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
)

select
    customer_id,
    account_id,
    kpi
from kpi_values
where status = 'out_of_range'
