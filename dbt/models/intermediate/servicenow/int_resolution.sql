{%- set hours_to_resolve = hours('resolution_microseconds') -%}
with

records as (
    select
        recent.*,
        windows.resolved_from
    from {{ ref('int_recent_incident') }} as recent
    inner join {{ ref('int_incident_window') }} as windows on recent.customer_id = windows.customer_id
    where
        recent.ended_at >= windows.resolved_from
        and not recent.is_resolution_negative
        and recent.resolution_unreadable is null
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
        {{ percentile(hours_to_resolve, 0.5) }} as median_hours,
        {{ percentile(hours_to_resolve, 0.9) }} as p90_hours
    from incidents
    where left_out_reason is null
    group by customer_id, account_key
)

select * from final
