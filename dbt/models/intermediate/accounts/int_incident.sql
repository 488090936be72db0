with

records as (
    select * from {{ ref('int_incident_record') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

final as (
    {{ linked_incidents('records') }}
)

select * from final
