{%- set hours_to_resolve = hours('microseconds') -%}
with

recent as (
    select
        recent.*,
        windows.calendar_from,
        windows.business_from,
        windows.sla_time_from
    from {{ ref('int_recent_incident') }} as recent
    inner join {{ ref('int_incident_window') }} as windows on recent.customer_id = windows.customer_id
),

records as (
    select
        *,
        'calendar' as basis,
        resolution_microseconds as microseconds
    from recent
    where ended_at >= calendar_from and not is_resolution_negative and resolution_unreadable is null
    {%- for basis, window in [('business', 'business_from'), ('sla', 'sla_time_from')]
        if batch_has_fact('has_' ~ basis ~ '_time') %}

    union all

    select
        *,
        '{{ basis }}' as basis,
        {{ basis }}_microseconds as microseconds
    from recent
    where ended_at >= {{ window }} and {{ basis }}_microseconds is not null and {{ basis }}_unreadable is null
    {%- endfor %}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

incidents as (
    {{ linked_incidents('records') }}
),

final as (
    select
        customer_id,
        account_key,
        'resolution_time' as kpi,
        basis,
        {{ percentile(hours_to_resolve, 0.5) }} as median_hours,
        {{ percentile(hours_to_resolve, 0.9) }} as p90_hours
    from incidents
    where left_out_reason is null
    group by customer_id, account_key, basis
)

select * from final
