-- A value that is missing says why, and a status that excludes a value has none.
with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
)

select *
from kpi_values
where (status in ('ok', 'stale')) <> (value is not null)
