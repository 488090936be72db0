with

facts as (
    select * from {{ ref('int_incident_fact') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

company_accounts as (
    select * from {{ ref('int_company_account') }}
),

final as (
    {{ linked_incidents('facts') }}
)

select * from final
