{%- set events = event_models() -%}
{%- set custom = asked_for(['int_custom_event']) -%}
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
),

{% if events %}

events as (
    select * from {{ ref('int_kpi_event') }}
),

sla_sources as (
    select * from {{ ref('int_sla_source') }}
),

time_bases as (
    select * from {{ ref('int_time_basis') }}
),
{% endif %}
{% if custom %}

custom_events as (
    select * from {{ ref('int_custom_event') }}
),

custom_settings as (
    select * from {{ ref('int_custom_setting') }}
),
{% endif %}

dated as (
    select * from {{ ref('int_dated_input') }}
),

fields as (
    select
        customer_id,
        account_key,
        account_id,
        'nps' as kpi,
        nps_score as number,
        nps_score_unreadable as left_out_reason
    from accounts

    union all

    select
        customer_id,
        account_key,
        account_id,
        'adoption_index' as kpi,
        adoption_score as number,
        adoption_score_unreadable as left_out_reason
    from accounts

    union all

    select
        customer_id,
        account_key,
        account_id,
        'churn_risk' as kpi,
        churn_risk as number,
        churn_risk_unreadable as left_out_reason
    from accounts
),

field_rows as (
    select
        fields.customer_id,
        fields.account_id,
        fields.kpi,
        'salesforce.account' as source_table,
        fields.account_id as source_id,
        dated.value_date as event_time,
        fields.number as numerator,
        cast(1 as {{ canonical_type('float') }}) as denominator,
        coalesce(fields.left_out_reason, case when dated.is_too_old then dated.too_old_reason end) as left_out_reason
    from fields
    inner join settings
        on
            fields.customer_id = settings.customer_id
            and fields.kpi = settings.kpi
            and settings.gap is null
    left join dated
        on
            fields.customer_id = dated.customer_id
            and fields.account_key = dated.account_key
            and fields.kpi = dated.input
    where fields.number is not null or fields.left_out_reason is not null
),

{% if events %}

event_rows as (
    select
        events.customer_id,
        accounts.account_id,
        events.kpi,
        events.source_table,
        events.source_id,
        events.event_time,
        case
            when events.kpi in ('first_response_time', 'resolution_time') then {{ hours('events.numerator') }}
            when settings.lowest_rating is not null and events.left_out_reason is null
                then {{ mapped_ratings(
                    'events.numerator', 1, 'settings.lowest_rating', 'settings.highest_rating'
                ) }}
            else cast(events.numerator as {{ canonical_type('float') }})
        end as numerator,
        cast(events.denominator as {{ canonical_type('float') }}) as denominator,
        events.left_out_reason
    from events
    left join accounts
        on
            events.customer_id = accounts.customer_id
            and events.account_key = accounts.account_key
    inner join sla_sources on events.customer_id = sla_sources.customer_id
    inner join time_bases
        on
            events.customer_id = time_bases.customer_id
            and (events.basis is null or events.basis = sla_sources.sla_source or events.basis = time_bases.time_basis)
    left join settings
        on
            events.customer_id = settings.customer_id
            and events.kpi = settings.kpi
),
{% endif %}
{% if custom %}

-- A row that is counted is 1, one that is measured what was read of it.
custom_rows as (
    select
        custom_events.customer_id,
        accounts.account_id,
        custom_events.kpi,
        custom_events.source_table,
        custom_events.source_id,
        custom_events.event_time,
        case
            when not custom_events.in_numerator then 0
            when custom_settings.numerator_aggregate in ('count', 'count_distinct') then 1
            else cast(custom_events.numerator_number as {{ canonical_type('float') }})
        end as numerator,
        case
            when not custom_events.in_denominator then 0
            when custom_settings.denominator_aggregate in ('count', 'count_distinct') then 1
            else cast(custom_events.denominator_number as {{ canonical_type('float') }})
        end as denominator,
        custom_events.left_out_reason
    from custom_events
    inner join custom_settings
        on
            custom_events.customer_id = custom_settings.customer_id
            and custom_events.kpi = custom_settings.kpi
    left join accounts
        on
            custom_events.customer_id = accounts.customer_id
            and custom_events.account_key = accounts.account_key
),
{% endif %}

all_rows as (
    select * from field_rows
    {%- if events %}
    union all
    select * from event_rows
    {%- endif %}
    {%- if custom %}
    union all
    select * from custom_rows
    {%- endif %}
),

final as (
    select
        customer_id,
        account_id,
        kpi,
        source_table,
        source_id,
        event_time,
        numerator,
        denominator,
        left_out_reason is null as counted,
        left_out_reason
    from all_rows
)

select * from final
