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
            else contacts.is_live_unreadable
        end as left_out_reason
    from contacts
    left join accounts
        on
            contacts.customer_id = accounts.customer_id
            and {{ salesforce_key('contacts.account_id') }} = accounts.account_key
),

engagements as (
    select
        customer_id,
        'salesforce.task' as source_table,
        landed_id as source_id,
        {{ salesforce_key('who_id') }} as contact_key,
        {{ first_there(['completed_date_time', 'activity_date', 'created_date']) }} as event_time,
        {{ first_there_unreadable(['completed_date_time', 'activity_date', 'created_date']) }} as time_unreadable,
        coalesce(is_closed_unreadable, is_live_unreadable) as other_unreadable,
        case
            when not is_live then 'deleted'
            when not coalesce(is_closed, is_closed_unreadable is not null or lower(trim(status)) = 'completed', false)
                then 'not completed'
        end as left_out_reason
    from tasks

    union all

    select
        customer_id,
        'salesforce.event' as source_table,
        landed_id as source_id,
        {{ salesforce_key('who_id') }} as contact_key,
        end_date_time as event_time,
        end_date_time_unreadable as time_unreadable,
        is_live_unreadable as other_unreadable,
        case when not is_live then 'deleted' end as left_out_reason
    from events
),

touches as (
    select
        *,
        {{ unreadable_at('event_time', 'time_unreadable', ['other_unreadable']) }} as unreadable_reason
    from engagements
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
        coalesce(touches.left_out_reason, people.left_out_reason, touches.unreadable_reason) as left_out_reason
    from touches
    inner join settings on touches.customer_id = settings.customer_id
    inner join people
        on
            touches.customer_id = people.customer_id
            and touches.contact_key = people.contact_key
    where
        {{ is_looked_at('touches.event_time', 'touches.unreadable_reason', 'settings.window_start') }}
        and (touches.event_time < settings.window_end or touches.event_time is null)
)

select * from final
