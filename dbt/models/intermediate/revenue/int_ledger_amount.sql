{%- set columns = {
    'customer_id': 'string', 'account_key': 'string', 'kpi': 'string', 'source_table': 'string', 'source_id': 'string',
    'event_time': 'timestamp', 'numerator': 'exact', 'denominator': 'exact', 'left_out_reason': 'string',
} -%}
{%- if not batch_has_ledger() -%}
{{ literal_rows(columns, []) }}
{%- else -%}
with

lines as (
    {{ of_batch(ref('recurring_revenue_lines')) }}
),

terms as (
    {{ of_batch(ref('revenue_terms')) }}
),

settings as (
    select
        settings.*,
        case when bases.revenue_basis = 'asset_periods' then settings.gap_by_assets else settings.gap end as basis_gap
    from {{ ref('int_kpi_setting') }} as settings
    inner join {{ ref('int_revenue_basis') }} as bases on settings.customer_id = bases.customer_id
    where
        settings.kpi in ('revenue_growth', 'net_revenue_retention', 'gross_revenue_retention')
        and bases.revenue_basis <> 'bookings'
),

customers as (
    select * from {{ ref('int_customer') }}
),

-- Whatever adds to a ratio: lines that are active at one of its ends, or run in its two windows, and single amounts.
candidates as (
    select
        lines.customer_id,
        lines.account_key,
        settings.kpi,
        lines.source_table,
        lines.line_id as source_id,
        lines.start_date as event_time,
        lines.start_date,
        lines.until_date,
        lines.reason,
        lines.currency_key,
        lines.arr,
        lines.landed_arr,
        false as is_one_off,
        settings.window_start,
        settings.window_end,
        settings.ledger_window_start
    from lines
    inner join settings on lines.customer_id = settings.customer_id
    where
        settings.basis_gap is null
        and coalesce(lines.reason, '') <> 'not started'
        and (lines.until_date is null or lines.until_date > lines.start_date)
        and (
            (
                settings.kpi <> 'revenue_growth'
                and (
                    lines.until_date is null
                    or lines.until_date > settings.window_end
                    or (lines.start_date <= settings.window_start and lines.until_date > settings.window_start)
                )
            )
            or (
                settings.kpi = 'revenue_growth'
                and lines.start_date < settings.window_end
                and (lines.until_date is null or lines.until_date > settings.ledger_window_start)
            )
        )

    union all

    select
        terms.customer_id,
        terms.account_key,
        settings.kpi,
        terms.source_table,
        terms.line_id as source_id,
        terms.close_date as event_time,
        terms.close_date as start_date,
        terms.close_date as until_date,
        case when not terms.has_rate then 'no conversion rate' end as reason,
        terms.currency_key,
        {{ exact('round(terms.converted_amount, 9)') }} as arr,
        {{ exact('round(terms.amount, 9)') }} as landed_arr,
        true as is_one_off,
        settings.window_start,
        settings.window_end,
        settings.ledger_window_start
    from terms
    inner join settings on terms.customer_id = settings.customer_id
    where
        settings.basis_gap is null
        and settings.kpi = 'revenue_growth'
        and terms.kind = 'one_off'
        and terms.dropped_reason is null
        and terms.unreadable_reason is null
        and terms.close_date >= settings.ledger_window_start
        and terms.close_date < settings.window_end
),

compared as (
    select
        candidates.*,
        customers.converts_money,
        max(case when candidates.reason = 'no amount' then 1 else 0 end) over (
            partition by candidates.customer_id, candidates.account_key, candidates.kpi
        ) as lacks_amount,
        max(case when candidates.reason is not null then 1 else 0 end) over (
            partition by candidates.customer_id, candidates.account_key, candidates.kpi
        ) as lacks_value,
        min(candidates.currency_key) over (
            partition by candidates.customer_id, candidates.account_key, candidates.kpi
        ) = max(candidates.currency_key) over (
            partition by candidates.customer_id, candidates.account_key, candidates.kpi
        ) as is_one_currency
    from candidates
    inner join customers on candidates.customer_id = customers.customer_id
),

-- Of rows in one currency that lack a rate the ratio is that of their own amounts.
comparable as (
    select
        customer_id,
        account_key,
        kpi,
        source_table,
        source_id,
        event_time,
        start_date,
        until_date,
        is_one_off,
        window_start,
        window_end,
        ledger_window_start,
        case when lacks_value = 1 and lacks_amount = 0 and is_one_currency then landed_arr else arr end as arr,
        case
            when lacks_amount = 1 then coalesce(reason, 'beside a row without amount')
            when not converts_money and not is_one_currency then 'in several currencies'
            when lacks_value = 0 or is_one_currency then null
            else coalesce(reason, 'beside an amount without rate')
        end as left_out_reason
    from compared
),

measured as (
    select
        comparable.*,
        case
            when comparable.is_one_off and comparable.start_date >= comparable.window_start then comparable.arr
            when comparable.is_one_off then {{ exact(0) }}
            when comparable.kpi = 'revenue_growth'
                then {{ earned('comparable', 'window_start', 'window_end') }}
            when comparable.until_date is null or comparable.until_date > comparable.window_end then comparable.arr
            else {{ exact(0) }}
        end as amount_now,
        case
            when comparable.is_one_off and comparable.start_date < comparable.window_start then comparable.arr
            when comparable.is_one_off then {{ exact(0) }}
            when comparable.kpi = 'revenue_growth'
                then {{ earned('comparable', 'ledger_window_start', 'window_start') }}
            when
                comparable.start_date <= comparable.window_start
                and (comparable.until_date is null or comparable.until_date > comparable.window_start)
                then comparable.arr
            else {{ exact(0) }}
        end as amount_before
    from comparable
),

final as (
    select
        customer_id,
        account_key,
        kpi,
        source_table,
        source_id,
        event_time,
        {{ exact("amount_now - case when kpi = 'revenue_growth' then amount_before else 0 end") }} as numerator,
        {{ exact('amount_before') }} as denominator,
        left_out_reason
    from measured

    union all

    select
        terms.customer_id,
        terms.account_key,
        settings.kpi,
        terms.source_table,
        terms.line_id as source_id,
        terms.close_date as event_time,
        {{ exact(0) }} as numerator,
        {{ exact(0) }} as denominator,
        terms.unreadable_reason as left_out_reason
    from terms
    inner join settings on terms.customer_id = settings.customer_id
    where
        settings.basis_gap is null
        and terms.unreadable_reason is not null
        and (terms.close_date is null or terms.close_date < settings.window_end)
        and (terms.kind <> 'one_off' or settings.kpi = 'revenue_growth')
)

select * from final
{%- endif %}
