with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

settings as (
    select * from {{ ref('int_custom_setting') }}
),

events as (
    select * from {{ ref('int_custom_event') }}
),

numerators as (
    {{ custom_aggregates('events', 'numerator') }}
),

denominators as (
    {{ custom_aggregates('events', 'denominator') }}
),

reasons as (
    select
        customer_id,
        account_key,
        kpi,
        left_out_reason,
        count(*) as row_count
    from events
    where left_out_reason is not null
    group by customer_id, account_key, kpi, left_out_reason
),

left_out as (
    select
        customer_id,
        account_key,
        kpi,
        cast(sum(row_count) as {{ canonical_type('integer') }}) as left_out_count,
        {{ most_frequent_reason('row_count') }} as left_out_reason,
        cast(
            coalesce(sum(case when {{ is_unreadable('left_out_reason') }} then row_count end), 0)
            as {{ canonical_type('integer') }}
        ) as unreadable_count
    from reasons
    group by customer_id, account_key, kpi
),

joined as (
    select
        accounts.customer_id,
        accounts.account_id,
        settings.kpi,
        settings.numerator_aggregate,
        settings.denominator_aggregate,
        settings.scale,
        settings.window_start,
        settings.window_end,
        settings.is_stale,
        coalesce(left_out.left_out_count, 0) as left_out_count,
        left_out.left_out_reason,
        coalesce(left_out.unreadable_count, 0) as unreadable_count,
        case
            when settings.gap is not null then settings.gap
            when {{ lacks_account('settings.source', 'accounts') }} then 'not_mapped'
        end as gap,
        {{ knows_account('settings.source', 'accounts') }} as is_seen,
        {{ custom_aggregate_value('numerators', 'settings.numerator_aggregate') }} as numerator_value,
        numerators.total as numerator_total,
        {{ custom_aggregate_rows('numerators', 'settings.numerator_aggregate') }} as numerator_rows,
        {{ custom_aggregate_value('denominators', 'settings.denominator_aggregate') }} as denominator_value,
        {{ custom_aggregate_rows('denominators', 'settings.denominator_aggregate') }} as denominator_rows
    from accounts
    inner join settings on accounts.customer_id = settings.customer_id
    left join numerators
        on
            accounts.customer_id = numerators.customer_id
            and accounts.account_key = numerators.account_key
            and settings.kpi = numerators.kpi
    left join denominators
        on
            accounts.customer_id = denominators.customer_id
            and accounts.account_key = denominators.account_key
            and settings.kpi = denominators.kpi
    left join left_out
        on
            accounts.customer_id = left_out.customer_id
            and accounts.account_key = left_out.account_key
            and settings.kpi = left_out.kpi
),

measured as (
    select
        *,
        case
            when not is_seen then null
            when denominator_aggregate is null and numerator_aggregate = 'avg' then coalesce(numerator_total, 0)
            else numerator_value
        end as numerator,
        case
            when not is_seen then null
            when denominator_aggregate is not null then denominator_value
            when numerator_aggregate = 'avg' then numerator_rows
            when numerator_value is not null then 1
        end as denominator,
        case
            when not is_seen then 0
            when denominator_aggregate is not null then denominator_rows
            else numerator_rows
        end as sample_size
    from joined
),

valued as (
    select
        *,
        case when denominator > 0 then scale * numerator / denominator end as measured_value
    from measured
),

judged as (
    select
        *,
        {{ kpi_status('measured_value', 'null', 'null') }} as status
    from valued
),

final as (
    select
        customer_id,
        account_id,
        kpi,
        case when status in ('ok', 'stale') then measured_value end as value,
        case when gap is null then numerator end as numerator,
        case when gap is null then denominator end as denominator,
        case when gap is null then sample_size end as sample_size,
        window_start,
        window_end,
        status,
        left_out_count,
        case when status = 'no_data' then left_out_reason end as left_out_reason,
        unreadable_count
    from judged
)

select * from final
