with

tasks as (
    select * from {{ ref('stg_salesforce__task') }}
),

events as (
    select * from {{ ref('stg_salesforce__event') }}
),

contacts as (
    select * from {{ ref('stg_salesforce__contact') }}
),

accounts as (
    select * from {{ ref('int_salesforce_account') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'executive_engagement' and gap is null
),

people as (
    select
        contacts.customer_id,
        contacts.id_key as contact_key,
        accounts.account_key,
        case
            when not contacts.is_live then 'contact deleted'
            when accounts.account_key is null then 'no account'
            when accounts.left_out_reason is not null then accounts.left_out_reason
            when not coalesce({{ is_executive('contacts.title') }}, false) then 'contact is no executive'
        end as left_out_reason
    from contacts
    left join accounts
        on
            contacts.customer_id = accounts.customer_id
            and {{ salesforce_key('contacts.account_id') }} = accounts.account_key
),

touches as (
    select
        customer_id,
        'salesforce.task' as source_table,
        landed_id as source_id,
        {{ salesforce_key('who_id') }} as contact_key,
        coalesce(completed_date_time, activity_date, created_date) as event_time,
        case
            when not is_live then 'deleted'
            when not coalesce(is_closed, lower(trim(status)) = 'completed', false) then 'not completed'
        end as left_out_reason
    from tasks

    union all

    select
        customer_id,
        'salesforce.event' as source_table,
        landed_id as source_id,
        {{ salesforce_key('who_id') }} as contact_key,
        end_date_time as event_time,
        case when not is_live then 'deleted' end as left_out_reason
    from events
),

final as (
    select
        touches.customer_id,
        people.account_key,
        settings.kpi,
        touches.source_table,
        touches.source_id,
        touches.event_time,
        {{ exact(1) }} as numerator,
        {{ exact(0) }} as denominator,
        coalesce(touches.left_out_reason, people.left_out_reason) as left_out_reason
    from touches
    inner join settings on touches.customer_id = settings.customer_id
    inner join people
        on
            touches.customer_id = people.customer_id
            and touches.contact_key = people.contact_key
    where
        touches.event_time >= settings.window_start
        and touches.event_time < settings.window_end
)

select * from final
