-- depends_on: {{ ref('int_task_sla_event') }}
with

events as (
    select * from {{ ref('int_salesforce_event') }}
    {%- if batch_has('servicenow', 'task_sla') %}
    union all
    select * from {{ ref('int_task_sla_event') }}
    {%- endif %}
),

event_measures as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        sla_source,
        count(*) as row_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from events
    group by customer_id, account_key, kpi, left_out_reason, sla_source
),

-- Several ids of the source may name one account.
incident_measures as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        sla_source,
        cast(sum(row_count) as {{ canonical_type('integer') }}) as row_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('int_incident_measure') }}
    group by customer_id, account_key, kpi, left_out_reason, sla_source
),

measures as (
    select * from event_measures
    union all
    select * from incident_measures
),

resolutions as (
    select * from {{ ref('int_resolution') }}
),

final as (
    select
        measures.*,
        resolutions.median_hours,
        resolutions.p90_hours
    from measures
    left join resolutions
        on
            measures.customer_id = resolutions.customer_id
            and measures.account_key = resolutions.account_key
            and measures.kpi = resolutions.kpi
            and measures.left_out_reason is null
)

select * from final
