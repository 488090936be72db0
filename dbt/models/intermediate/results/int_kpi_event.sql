with

events as (
    select * from {{ ref('int_summed_event') }}
    union all
    select * from {{ ref('int_task_sla_event') }}
    union all
    select * from {{ ref('int_incident_event') }}
)

select * from events
