{{ config(severity='warn') }}
-- What keeps a won opportunity or a period from being the line of recurring revenue that it should be; other lines are
-- computed all the same.
{%- if batch_has_ledger() %}
with

terms as (
    {{ of_batch(ref('revenue_terms')) }}
),

lines as (
    {{ of_batch(ref('recurring_revenue_lines')) }}
),

judged as (
    select
        customer_id,
        source_table,
        line_id,
        case dropped_reason
            when 'no account' then 'account_id'
            when 'no close date' then 'close_date'
            when 'no price' then 'mrr'
            else 'start_date'
        end as column_name,
        case dropped_reason
            when 'no account' then 'belongs to no account, and is no revenue'
            when 'no close date' then 'has no close date, and is no revenue'
            when 'no price' then 'has no price, and is no revenue'
            when 'no start' then 'has no start, and is no revenue'
            when 'end before start' then 'ends before it starts, and is no revenue'
        end as broken_rule
    from terms
    where dropped_reason is not null and dropped_reason <> 'no amount'

    union all

    select
        customer_id,
        source_table,
        line_id,
        'term' as column_name,
        'has a term that is no whole number from 1 to 120; the default term counts' as broken_rule
    from terms
    where
        dropped_reason is null
        and unreadable_reason is null
        and kind not in ('one_off', 'asset_period')
        and (given_term < 1 or given_term > 120 or given_term <> floor(given_term))

    union all

    select
        customer_id,
        source_table,
        line_id,
        'end_date' as column_name,
        'ends before it starts; the default term counts' as broken_rule
    from terms
    where
        dropped_reason is null
        and unreadable_reason is null
        and kind not in ('one_off', 'asset_period')
        and given_end <= start_date

    union all

    select
        customer_id,
        source_table,
        line_id,
        'amount' as column_name,
        'has neither amount, line items nor ARR' as broken_rule
    from lines
    where reason = 'no amount'

    union all

    select
        customer_id,
        source_table,
        line_id,
        'currency_iso_code' as column_name,
        'no conversion rate for ' || coalesce(currency, 'the corporate currency') as broken_rule
    from terms
    where dropped_reason is null and unreadable_reason is null and not has_rate
)

select
    customer_id,
    source_table,
    column_name,
    min(line_id) as example_value,
    cast(count(*) as {{ canonical_type('integer') }}) as row_count,
    broken_rule
from judged
group by customer_id, source_table, column_name, broken_rule
{%- else %}
{{ literal_rows({'customer_id': 'string'}, []) }}
{%- endif %}
