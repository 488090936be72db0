with

events as (
    select * from {{ ref('int_summed_event') }}
    {%- if batch_has('servicenow', 'task_sla') %}
    union all
    select * from {{ ref('int_task_sla_event') }}
    {%- endif %}
),

-- A row of the source, or many that were summed before they were linked; several ids may name one account.
parts as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        basis,
        1 as row_count,
        numerator,
        denominator,
        numerator as least,
        numerator as greatest
    from events

    union all

    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        basis,
        row_count,
        numerator,
        denominator,
        least,
        greatest
    from {{ ref('int_incident_measure') }}
),

measures as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        basis,
        cast(sum(row_count) as {{ canonical_type('integer') }}) as row_count,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        min(least) as least,
        max(greatest) as greatest
    from parts
    group by customer_id, account_key, kpi, left_out_reason, basis
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
            and measures.basis = resolutions.basis
            and measures.left_out_reason is null
)

select * from final
