with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi <> 'churn_risk'
),

measures as (
    {{ of_batch(ref('kpi_measures')) }}
),

sums as (
    select
        customer_id,
        account_key,
        kpi,
        basis,
        cast(
            coalesce(sum(case when left_out_reason is null then row_count end), 0)
            as {{ canonical_type('integer') }}
        ) as counted_rows,
        sum(case when left_out_reason is null then numerator end) as numerator,
        sum(case when left_out_reason is null then denominator end) as denominator,
        cast(
            coalesce(sum(case when left_out_reason is not null then row_count end), 0)
            as {{ canonical_type('integer') }}
        ) as left_out_count,
        {{ most_frequent_reason('row_count') }} as left_out_reason,
        coalesce(sum(case when left_out_reason = 'out of range' then row_count end), 0) as outside_count,
        -- Money that cannot be compared leaves a ratio nothing.
        max(
            case
                when left_out_reason in ('no amount', 'no conversion rate', 'in several currencies')
                    then left_out_reason
            end
        ) as money_reason,
        cast(
            coalesce(sum(case when {{ is_unreadable('left_out_reason') }} then row_count end), 0)
            as {{ canonical_type('integer') }}
        ) as unreadable_count
    from measures
    where account_key is not null
    group by customer_id, account_key, kpi, basis
),

too_old as (
    select * from {{ ref('int_dated_input') }}
    where is_too_old
),

-- Numerator, denominator and sample as found, whatever the status will be.
found as (
    select
        accounts.customer_id,
        accounts.account_key,
        accounts.account_id,
        settings.kpi,
        settings.scale,
        settings.minimum,
        settings.maximum,
        settings.window_start,
        settings.window_end,
        settings.is_stale,
        settings.max_outside,
        coalesce(sums.outside_count, 0) as outside_count,
        coalesce(
            settings.kpi = 'revenue_growth'
            and accounts.revenue_basis <> 'bookings'
            and accounts.revenue_since > settings.ledger_window_start,
            false
        ) as began_too_late,
        case
            when settings.kpi = 'nps' then case when accounts.nps_score_unreadable is not null then 1 else 0 end
            when settings.kpi = 'adoption_index'
                then case when accounts.adoption_score_unreadable is not null then 1 else 0 end
            else coalesce(sums.left_out_count, 0)
        end + case when too_old.is_too_old then 1 else 0 end as left_out_count,
        coalesce(
            sums.money_reason,
            case
                when settings.kpi = 'nps' and not accounts.is_nps_score_known then {{ not_known() }}
                when settings.kpi = 'adoption_index' and not accounts.is_adoption_score_known then {{ not_known() }}
                when
                    settings.kpi = 'support_ticket_rate'
                    and accounts.is_seen_in_servicenow
                    and not accounts.are_fields_known
                    then {{ not_known() }}
            end,
            sums.left_out_reason,
            too_old.too_old_reason
        ) as left_out_reason,
        case
            when settings.kpi = 'nps' then case when accounts.nps_score_unreadable is not null then 1 else 0 end
            when settings.kpi = 'adoption_index'
                then case when accounts.adoption_score_unreadable is not null then 1 else 0 end
            else coalesce(sums.unreadable_count, 0)
        end as unreadable_count,
        case
            when accounts.revenue_basis <> 'asset_periods' and settings.gap is not null then settings.gap
            when accounts.revenue_basis = 'asset_periods' and settings.gap_by_assets is not null
                then settings.gap_by_assets
            -- Bookings know no contracts, and so no revenue that recurs.
            when settings.kpi = 'gross_revenue_retention' and accounts.revenue_basis = 'bookings' then 'not_mapped'
            when settings.kpi = 'sla_compliance' and accounts.sla_gap is not null then accounts.sla_gap
            when {{ lacks_account('settings.source', 'accounts') }} then 'not_mapped'
        end as gap,
        case
            when too_old.is_too_old then null
            when settings.kpi = 'nps' then accounts.nps_score
            when settings.kpi = 'adoption_index' then accounts.adoption_score
            when settings.kpi in ('support_ticket_volume', 'support_ticket_rate') and not accounts.is_seen_in_servicenow
                then null
            when sums.money_reason is not null then null
            when settings.kpi in ('first_response_time', 'resolution_time')
                then coalesce({{ hours('sums.numerator') }}, 0)
            -- What is kept is never more than what there was.
            when settings.kpi = 'gross_revenue_retention' and sums.numerator > sums.denominator
                then cast(sums.denominator as {{ canonical_type('float') }})
            when settings.lowest_rating is not null
                then
                    coalesce(
                        {{ mapped_ratings(
                            'sums.numerator', 'sums.denominator', 'settings.lowest_rating', 'settings.highest_rating'
                        ) }},
                        0
                    )
            else coalesce(cast(sums.numerator as {{ canonical_type('float') }}), 0)
        end as numerator,
        case
            when too_old.is_too_old then null
            when settings.kpi = 'nps' then case when accounts.nps_score is not null then 1 end
            when settings.kpi = 'adoption_index' then case when accounts.adoption_score is not null then 1 end
            when settings.kpi = 'support_ticket_volume' then case when accounts.is_seen_in_servicenow then 1 end
            when settings.kpi = 'support_ticket_rate'
                then case when accounts.is_seen_in_servicenow then accounts.total_users end
            when settings.kpi = 'executive_engagement' then 1
            when sums.money_reason is not null then null
            else coalesce(cast(sums.denominator as {{ canonical_type('float') }}), 0)
        end as denominator,
        case
            when too_old.is_too_old then 0
            when settings.kpi = 'nps' then case when accounts.nps_score is not null then 1 else 0 end
            when settings.kpi = 'adoption_index' then case when accounts.adoption_score is not null then 1 else 0 end
            else coalesce(sums.counted_rows, 0)
        end as sample_size
    from accounts
    inner join settings on accounts.customer_id = settings.customer_id
    left join sums
        on
            accounts.customer_id = sums.customer_id
            and accounts.account_key = sums.account_key
            and settings.kpi = sums.kpi
            and (sums.basis is null or accounts.sla_source = sums.basis or accounts.time_basis = sums.basis)
    left join too_old
        on
            accounts.customer_id = too_old.customer_id
            and accounts.account_key = too_old.account_key
            and settings.kpi = too_old.input
            and case when settings.kpi = 'nps' then accounts.nps_score else accounts.adoption_score end is not null
),

measured as (
    select
        *,
        case when denominator > 0 and not began_too_late then scale * numerator / denominator end as measured_value
    from found
),

judged as (
    select
        *,
        case
            when
                gap is null
                and not {{ too_many_unreadable('unreadable_count', 'sample_size') }}
                and {{ is_off_scale('outside_count', 'sample_size', 'max_outside') }}
                then 'out_of_range'
            else {{ kpi_status('measured_value', 'minimum', 'maximum') }}
        end as status
    from measured
),

final as (
    select
        customer_id,
        account_key,
        account_id,
        kpi,
        case when status in ('ok', 'stale') then measured_value end as value,
        case when gap is null then numerator end as numerator,
        case when gap is null then denominator end as denominator,
        case when gap is null then sample_size end as sample_size,
        window_start,
        window_end,
        status,
        case when gap is null then left_out_count else 0 end as left_out_count,
        case when status = 'no_data' then left_out_reason end as left_out_reason,
        case when gap is null then unreadable_count else 0 end as unreadable_count
    from judged
)

select * from final
