with

events as (
    {%- for model in event_models() %}
    select * from {{ ref(model) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select * from events
