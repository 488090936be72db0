with

salesforce_rows as (
    {{ custom_rows('salesforce') }}
),

servicenow_rows as (
    {{ custom_rows('servicenow') }}
),

contacts as (
    select * from {{ ref('stg_salesforce__contact') }}
    where is_live
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

incidents as (
    select * from {{ ref('int_incident') }}
),

-- A row belongs to the account that it names, else to that of its contact.
linked as (
    select
        salesforce_rows.*,
        case
            when salesforce_rows.source_table = 'salesforce.account' then salesforce_rows.id_key
            else {{ salesforce_key('coalesce(salesforce_rows.account_id, contacts.account_id)') }}
        end as linked_key
    from salesforce_rows
    left join contacts
        on
            salesforce_rows.customer_id = contacts.customer_id
            and salesforce_rows.account_id is null
            and {{ salesforce_key('salesforce_rows.who_id') }} = contacts.id_key
),

final as (
    select
        linked.customer_id,
        accounts.account_key,
        linked.kpi,
        linked.source_table,
        linked.source_id,
        linked.event_time,
        linked.in_numerator,
        linked.numerator_number,
        linked.numerator_text,
        linked.in_denominator,
        linked.denominator_number,
        linked.denominator_text,
        case
            when not linked.is_live then 'deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            else linked.unreadable_reason
        end as left_out_reason
    from linked
    left join accounts
        on
            linked.customer_id = accounts.customer_id
            and linked.linked_key = accounts.account_key

    union all

    select
        servicenow_rows.customer_id,
        incidents.account_key,
        servicenow_rows.kpi,
        servicenow_rows.source_table,
        servicenow_rows.source_id,
        servicenow_rows.event_time,
        servicenow_rows.in_numerator,
        servicenow_rows.numerator_number,
        servicenow_rows.numerator_text,
        servicenow_rows.in_denominator,
        servicenow_rows.denominator_number,
        servicenow_rows.denominator_text,
        coalesce(incidents.left_out_reason, servicenow_rows.unreadable_reason) as left_out_reason
    from servicenow_rows
    inner join incidents
        on
            servicenow_rows.customer_id = incidents.customer_id
            and servicenow_rows.id_key = incidents.sys_id
)

select * from final
