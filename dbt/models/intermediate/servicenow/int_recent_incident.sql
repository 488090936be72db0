with

final as {{ computed_once() }} (
    select * from {{ ref('int_incident_fact') }}
    where {{ is_in_earliest_window() }}
)

select * from final
