with

cases as (
    select * from {{ ref('int_case') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'csat' and gap is null
),

final as (
    select
        cases.customer_id,
        cases.account_key,
        settings.kpi,
        'salesforce.case' as source_table,
        cases.id as source_id,
        cases.created_date as event_time,
        cases.satisfaction_rating as numerator,
        {{ exact(1) }} as denominator,
        case
            when cases.left_out_reason is not null then cases.left_out_reason
            when cases.unreadable_reason is not null then cases.unreadable_reason
            when not {{ is_rating('cases.satisfaction_rating', 'settings.lowest_rating', 'settings.highest_rating') }}
                then 'out of range'
        end as left_out_reason
    from cases
    inner join settings on cases.customer_id = settings.customer_id
    where
        cases.is_rated
        and {{ is_looked_at('cases.created_date', 'cases.unreadable_reason', 'settings.window_start') }}
)

select * from final
