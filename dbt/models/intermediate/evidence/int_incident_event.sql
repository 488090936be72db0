with

incidents as (
    select * from {{ ref('int_incident') }}
),

windows as (
    select * from {{ ref('int_incident_window') }}
),

final as (
    {{ incident_events() }}
)

select * from final
