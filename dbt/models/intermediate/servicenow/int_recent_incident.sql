{{ computed_once() }}
with

final as (
    select * from {{ ref('int_incident_fact') }}
    where {{ is_in_earliest_window() }}
)

select * from final
