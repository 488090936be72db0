with

records as (
    select * from {{ ref('int_recent_incident') }}
),

windows as (
    select * from {{ ref('int_incident_window') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

-- Summed before they are linked: accounts are few, and their incidents many.
summed as (
    select
        records.customer_id,
        records.linked_id,
        records.company_value,
        records.is_live,
        records.is_cancelled,
        records.is_child,
        {{ incident_measure_sums() }}
    from records
    inner join windows on records.customer_id = windows.customer_id
    group by
        records.customer_id, records.linked_id, records.company_value, records.is_live, records.is_cancelled,
        records.is_child
),

linked as (
    {{ linked_incidents('summed') }}
),

final as (
    {{ incident_measure_rows() }}
)

select * from final
