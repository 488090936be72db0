{% set with_relations = batch_has('salesforce', 'task_relation') or batch_has('salesforce', 'event_relation') -%}
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

customers as (
    select * from {{ ref('int_customer') }}
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
            when not coalesce({{ is_executive('contacts.title', 'customers.title_list') }}, false)
                then 'contact is no executive'
            else contacts.is_live_unreadable
        end as left_out_reason
    from contacts
    inner join customers on contacts.customer_id = customers.customer_id
    left join accounts
        on
            contacts.customer_id = accounts.customer_id
            and {{ salesforce_key('contacts.account_id') }} = accounts.account_key
),

engagements as (
    select
        tasks.customer_id,
        'salesforce.task' as source_table,
        tasks.landed_id as source_id,
        tasks.id_key as touch_key,
        {{ salesforce_key('tasks.who_id') }} as contact_key,
        {{ first_there(['completed_date_time', 'activity_date', 'created_date']) }} as event_time,
        {{ first_there_unreadable(['completed_date_time', 'activity_date', 'created_date']) }} as time_unreadable,
        coalesce(tasks.is_closed_unreadable, tasks.is_live_unreadable) as other_unreadable,
        case
            when not tasks.is_live then 'deleted'
            when
                not coalesce(
                    tasks.is_closed,
                    tasks.is_closed_unreadable is not null or lower(trim(tasks.status)) = 'completed',
                    false
                )
                then 'not completed'
            when not customers.count_emails and {{ is_email('tasks.task_subtype') }} then 'e-mail'
            when
                tasks.completed_date_time is null
                and tasks.completed_date_time_unreadable is null
                and tasks.created_date < {{ days_before('tasks.activity_date', 'customers.planned_days') }}
                then 'no time'
        end as left_out_reason
    from tasks
    inner join customers on tasks.customer_id = customers.customer_id

    union all

    select
        customer_id,
        'salesforce.event' as source_table,
        landed_id as source_id,
        id_key as touch_key,
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

in_window as (
    select
        touches.*,
        settings.kpi
    from touches
    inner join settings on touches.customer_id = settings.customer_id
    where
        {{ is_looked_at('touches.event_time', 'touches.unreadable_reason', 'settings.window_start') }}
        and (touches.event_time < settings.window_end or touches.event_time is null)
),
{%- if with_relations %}

relations as (
    select
        customer_id,
        'salesforce.task' as source_table,
        {{ salesforce_key('task_id') }} as touch_key,
        {{ salesforce_key('relation_id') }} as contact_key,
        is_live_unreadable
    from {{ ref('stg_salesforce__task_relation') }}
    where is_live

    union all

    select
        customer_id,
        'salesforce.event' as source_table,
        {{ salesforce_key('event_id') }} as touch_key,
        {{ salesforce_key('relation_id') }} as contact_key,
        is_live_unreadable
    from {{ ref('stg_salesforce__event_relation') }}
    where is_live
),

met as (
    select
        customer_id,
        kpi,
        source_table,
        source_id,
        event_time,
        left_out_reason,
        unreadable_reason,
        contact_key
    from in_window

    union all

    select
        in_window.customer_id,
        in_window.kpi,
        in_window.source_table,
        in_window.source_id,
        in_window.event_time,
        in_window.left_out_reason,
        coalesce(in_window.unreadable_reason, relations.is_live_unreadable) as unreadable_reason,
        relations.contact_key
    from in_window
    inner join relations
        on
            in_window.customer_id = relations.customer_id
            and in_window.source_table = relations.source_table
            and in_window.touch_key = relations.touch_key
),
{%- else %}

met as (
    select * from in_window
),
{%- endif %}

judged as (
    select
        met.customer_id,
        people.account_key,
        met.kpi,
        met.source_table,
        met.source_id,
        met.event_time,
        coalesce(met.left_out_reason, people.left_out_reason, met.unreadable_reason) as left_out_reason
    from met
    inner join people
        on
            met.customer_id = people.customer_id
            and met.contact_key = people.contact_key
),
{%- if with_relations %}

-- A touch of several contacts of an account counts once if one of them makes it count.
placed as (
    select
        *,
        row_number() over (
            partition by customer_id, source_table, source_id, account_key
            order by
                case when left_out_reason is null then 0 when {{ is_unreadable('left_out_reason') }} then 1 else 2 end,
                left_out_reason
        ) as place
    from judged
),

chosen as (
    select * from placed
    where place = 1
),
{%- else %}

chosen as (
    select * from judged
),
{%- endif %}

final as (
    select
        customer_id,
        account_key,
        kpi,
        source_table,
        source_id,
        event_time,
        {{ exact(1) }} as numerator,
        {{ exact(0) }} as denominator,
        left_out_reason
    from chosen
)

select * from final
