{{ config(severity='warn') }}
-- Values that lie outside of their range are NULL; somebody should mend their source.
with

kpi_values as (
    {{ of_batch(ref('kpi_values')) }}
)

select *
from kpi_values
where status = 'out_of_range'
