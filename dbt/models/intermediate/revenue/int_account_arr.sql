{%- set columns = {
    'customer_id': 'string', 'account_key': 'string', 'arr': 'exact', 'base_arr': 'exact', 'arr_in_grace': 'exact',
    'next_end': 'timestamp', 'active_lines': 'integer', 'currency_key': 'string', 'is_known': 'boolean',
    'is_comparable': 'boolean', 'revenue_since': 'timestamp',
} -%}
{%- if not batch_has_ledger() -%}
{{ literal_rows(columns, []) }}
{%- else -%}
with

customers as (
    select * from {{ ref('int_customer') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'net_revenue_retention'
),

lines as (
    {{ of_batch(ref('recurring_revenue_lines')) }}
),

terms as (
    {{ of_batch(ref('revenue_terms')) }}
),

placed as (
    select
        lines.*,
        lines.until_date is null or lines.until_date > lines.as_of as is_active,
        lines.start_date <= settings.window_start
        and (lines.until_date is null or lines.until_date > settings.window_start) as was_active,
        coalesce(lines.end_date <= lines.as_of, false) as is_in_grace,
        customers.converts_money,
        {{ days_after('lines.as_of', '(-customers.grace_days)') }} as grace_start
    from lines
    inner join customers on lines.customer_id = customers.customer_id
    inner join settings on lines.customer_id = settings.customer_id
    where
        coalesce(lines.reason, '') <> 'not started'
        and (lines.until_date is null or lines.until_date > lines.start_date)
),

rows_of_accounts as (
    select
        customer_id,
        account_key,
        converts_money,
        arr,
        start_date,
        end_date,
        is_active,
        was_active,
        is_in_grace,
        grace_start,
        reason,
        currency_key,
        0 as unreadable
    from placed

    union all

    -- Lines that ran for no time, and single amounts, say since when there is revenue.
    select
        customer_id,
        account_key,
        true as converts_money,
        cast(null as {{ canonical_type('exact') }}) as arr,
        min(start_date) as start_date,
        {{ literal(none, 'timestamp') }} as end_date,
        false as is_active,
        false as was_active,
        false as is_in_grace,
        {{ literal(none, 'timestamp') }} as grace_start,
        {{ literal(none, 'string') }} as reason,
        {{ literal(none, 'string') }} as currency_key,
        0 as unreadable
    from (
        select
            customer_id,
            account_key,
            start_date
        from lines
        where start_date <= as_of and until_date <= start_date

        union all

        select
            customer_id,
            account_key,
            close_date as start_date
        from terms
        where kind = 'one_off' and dropped_reason is null and unreadable_reason is null and close_date < as_of
    ) as others
    group by customer_id, account_key

    union all

    select
        customer_id,
        account_key,
        true as converts_money,
        cast(null as {{ canonical_type('exact') }}) as arr,
        {{ literal(none, 'timestamp') }} as start_date,
        {{ literal(none, 'timestamp') }} as end_date,
        false as is_active,
        false as was_active,
        false as is_in_grace,
        {{ literal(none, 'timestamp') }} as grace_start,
        {{ literal(none, 'string') }} as reason,
        {{ literal(none, 'string') }} as currency_key,
        count(*) as unreadable
    from terms
    where
        kind <> 'one_off'
        and unreadable_reason is not null
        and account_key is not null
        and (close_date is null or close_date < as_of)
    group by customer_id, account_key
),

summed as (
    select
        customer_id,
        account_key,
        min(start_date) as revenue_since,
        coalesce(sum(case when is_active then arr end), 0) as arr,
        coalesce(sum(case when was_active then arr end), 0) as base_arr,
        coalesce(sum(case when is_active and is_in_grace then arr end), 0) as arr_in_grace,
        min(case when is_active and end_date > grace_start then end_date end) as next_end,
        sum(case when is_active then 1 else 0 end) as active_lines,
        sum(case when is_active or was_active then 1 else 0 end) as sample_size,
        sum(case when is_active and reason is not null then 1 else 0 end) as active_lacking,
        sum(case when (is_active or was_active) and reason is not null then 1 else 0 end) as lacking,
        sum(case when (is_active or was_active) and reason = 'no amount' then 1 else 0 end) as without_amount,
        min(case when is_active then currency_key end) as active_first,
        max(case when is_active then currency_key end) as active_last,
        min(case when is_active or was_active then currency_key end) as first_currency,
        max(case when is_active or was_active then currency_key end) as last_currency,
        min(case when converts_money then 1 else 0 end) = 1 as converts_money,
        sum(unreadable) as unreadable
    from rows_of_accounts
    group by customer_id, account_key
),

judged as (
    select
        *,
        {{ too_many_unreadable(
            'unreadable',
            "case when (lacking > 0 and (without_amount > 0 or first_currency <> last_currency))"
            ~ " or (not converts_money and first_currency <> last_currency) then 0 else sample_size end"
        ) }} as is_unreadable
    from summed
),

final as (
    select
        customer_id,
        account_key,
        {{ exact('arr') }} as arr,
        {{ exact('base_arr') }} as base_arr,
        {{ exact('arr_in_grace') }} as arr_in_grace,
        next_end,
        cast(active_lines as {{ canonical_type('integer') }}) as active_lines,
        case when active_lines > 0 then active_first else first_currency end as currency_key,
        active_lacking = 0
        and not is_unreadable
        and (converts_money or active_lines = 0 or active_first = active_last) as is_known,
        lacking = 0
        and not is_unreadable
        and (converts_money or sample_size = 0 or first_currency = last_currency) as is_comparable,
        revenue_since
    from judged
)

select * from final
{%- endif %}
