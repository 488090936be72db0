{%- if not batch_has_ledger() -%}
{{ literal_rows(revenue_line_columns(), []) }}
{%- else -%}
{%- set rounds = early_renewals() -%}
with

terms as (
    {{ of_batch(ref('revenue_terms')) }}
),

lines as (
    select * from terms
    where kind <> 'one_off' and dropped_reason is null and unreadable_reason is null
),

-- The lines whose start and end no other line moves.
fixed as (
    select * from lines
    where kind <> 'asset_period' and not is_add_on and renewal_place = 0
),

followers as (
    select * from lines
    where renewal_place > 0
),

add_ons as (
    select
        add_ons.customer_id,
        add_ons.account_key,
        add_ons.line_key,
        add_ons.start_date,
        add_ons.end_date,
        max(fixed.end_date) as until_fixed
    from lines as add_ons
    left join fixed
        on
            add_ons.customer_id = fixed.customer_id
            and add_ons.account_key = fixed.account_key
            and add_ons.start_date >= fixed.start_date
            and add_ons.start_date < fixed.end_date
    where add_ons.is_add_on
    group by add_ons.customer_id, add_ons.account_key, add_ons.line_key, add_ons.start_date, add_ons.end_date
),

-- What runs at the close date of a renewal that may follow: first what nothing moves, then renewals won before.
beside_fixed as (
    select
        followers.customer_id,
        followers.account_key,
        followers.line_key,
        min(fixed.end_date) as first_end,
        max(fixed.end_date) as last_end,
        max(
            case
                when
                    fixed.kind <> 'expansion'
                    and not {{ stands_apart('followers.renewed_key', 'fixed.contract_key') }}
                    then 1
                else 0
            end
        ) as is_renewed
    from followers
    inner join fixed
        on
            followers.customer_id = fixed.customer_id
            and followers.account_key = fixed.account_key
            and followers.close_date >= fixed.start_date
            and followers.close_date < fixed.end_date
    group by followers.customer_id, followers.account_key, followers.line_key
),

followers_0 as (
    select
        customer_id,
        account_key,
        line_key,
        close_date,
        contract_key,
        start_date,
        end_date,
        months
    from followers
),
{%- for round in range(rounds) %}

-- An add-on beside which nothing runs is a line like others.
alone_{{ round }} as (
    select
        add_ons.customer_id,
        add_ons.account_key,
        add_ons.start_date,
        add_ons.end_date
    from add_ons
    left join followers_{{ round }} as running
        on
            add_ons.customer_id = running.customer_id
            and add_ons.account_key = running.account_key
            and add_ons.start_date >= running.start_date
            and add_ons.start_date < running.end_date
    where add_ons.until_fixed is null and running.line_key is null
),

beside_{{ round }} as (
    select * from beside_fixed

    union all

    select
        followers.customer_id,
        followers.account_key,
        followers.line_key,
        running.end_date as first_end,
        running.end_date as last_end,
        case when {{ stands_apart('followers.renewed_key', 'running.contract_key') }} then 0 else 1 end as is_renewed
    from followers
    inner join followers_{{ round }} as running
        on
            followers.customer_id = running.customer_id
            and followers.account_key = running.account_key
            and followers.close_date > running.close_date
            and followers.close_date >= running.start_date
            and followers.close_date < running.end_date

    union all

    select
        followers.customer_id,
        followers.account_key,
        followers.line_key,
        alone.end_date as first_end,
        alone.end_date as last_end,
        0 as is_renewed
    from followers
    inner join alone_{{ round }} as alone
        on
            followers.customer_id = alone.customer_id
            and followers.account_key = alone.account_key
            and followers.close_date > alone.start_date
            and followers.close_date < alone.end_date
),

starts_{{ round }} as (
    select
        followers.customer_id,
        followers.account_key,
        followers.line_key,
        followers.close_date,
        followers.contract_key,
        followers.given_end,
        followers.term_months,
        followers.default_months,
        coalesce(beside.last_end, followers.start_date) as start_date
    from followers
    left join (
        select
            customer_id,
            account_key,
            line_key,
            max(last_end) as last_end
        from beside_{{ round }}
        group by customer_id, account_key, line_key
        having min(first_end) = max(last_end) and max(is_renewed) = 1
    ) as beside
        on
            followers.customer_id = beside.customer_id
            and followers.account_key = beside.account_key
            and followers.line_key = beside.line_key
            and beside.last_end <= {{ days_after('followers.close_date', 180) }}
),

timed_{{ round }} as (
    select
        *,
        {{ months_of_term('starts', 'starts.start_date') }} as months
    from starts_{{ round }} as starts
),

followers_{{ round + 1 }} as (
    select
        timed.customer_id,
        timed.account_key,
        timed.line_key,
        timed.close_date,
        timed.contract_key,
        timed.start_date,
        {{ end_of_term('timed', 'timed.start_date', 'timed.months') }} as end_date,
        timed.months
    from timed_{{ round }} as timed
),
{%- endfor %}

placed as (
    select
        lines.*,
        coalesce(followers.start_date, lines.start_date) as line_start,
        coalesce(followers.end_date, lines.end_date) as line_end,
        case when followers.line_key is not null then followers.months else lines.months end as line_months
    from lines
    left join followers_{{ rounds }} as followers
        on
            lines.customer_id = followers.customer_id
            and lines.account_key = followers.account_key
            and lines.line_key = followers.line_key
),

-- An add-on ends with the line that runs at its start and ends last.
add_on_ends as (
    select
        add_ons.customer_id,
        add_ons.account_key,
        add_ons.line_key,
        max(running.line_end) as line_end
    from add_ons
    inner join placed as running
        on
            add_ons.customer_id = running.customer_id
            and add_ons.account_key = running.account_key
            and add_ons.start_date >= running.line_start
            and add_ons.start_date < running.line_end
    where not running.is_add_on
    group by add_ons.customer_id, add_ons.account_key, add_ons.line_key
),

ended as (
    select
        placed.customer_id,
        placed.account_key,
        placed.account_id,
        placed.source_table,
        placed.line_id,
        placed.line_key,
        placed.kind,
        placed.line_start as start_date,
        coalesce(add_on_ends.line_end, placed.line_end) as end_date,
        placed.line_months as months,
        placed.given_end,
        placed.grace_days,
        placed.contract_key,
        placed.renewed_key,
        placed.amount,
        placed.own_arr,
        placed.converted_amount,
        placed.converted_arr,
        placed.has_rate,
        placed.currency,
        placed.currency_key,
        placed.as_of
    from placed
    left join add_on_ends
        on
            placed.customer_id = add_on_ends.customer_id
            and placed.account_key = add_on_ends.account_key
            and placed.line_key = add_on_ends.line_key
),

valued as (
    select
        *,
        {{ days_after('end_date', 'grace_days') }} as grace_end,
        {{ yearly('ended', 'ended.amount', 'ended.own_arr') }} as landed_arr,
        {{ yearly('ended', 'ended.converted_amount', 'ended.converted_arr') }} as arr
    from ended
),

started as (
    select * from valued
    where start_date <= as_of
),

-- A renewal of around the end, or whatever else but an expansion goes on with the contract.
successors as (
    select
        lines.customer_id,
        lines.account_key,
        lines.line_key,
        later.line_id as ended_by,
        later.start_date as until_date,
        row_number() over (
            partition by lines.customer_id, lines.account_key, lines.line_key
            order by later.start_date, {{ bytewise('later.line_key') }}
        ) as place
    from started as lines
    inner join started as later
        on
            lines.customer_id = later.customer_id
            and lines.account_key = later.account_key
            and lines.grace_end >= later.start_date
    where
        lines.kind <> 'asset_period'
        and (
            lines.start_date < later.start_date
            or (
                lines.start_date = later.start_date
                and {{ bytewise('lines.line_key') }} < {{ bytewise('later.line_key') }}
            )
        )
        and (
            (
                later.kind = 'renewal'
                and lines.end_date <= {{ days_after('later.start_date', 'lines.grace_days') }}
                and not {{ stands_apart('later.renewed_key', 'lines.contract_key') }}
            )
            or (
                later.kind <> 'expansion'
                and lines.contract_key = later.contract_key
                and later.start_date >= lines.end_date
            )
        )

    union all

    select
        lines.customer_id,
        lines.account_key,
        lines.line_key,
        later.line_id as ended_by,
        later.start_date as until_date,
        row_number() over (
            partition by lines.customer_id, lines.account_key, lines.line_key
            order by later.start_date, {{ bytewise('later.line_key') }}
        ) as place
    from started as lines
    inner join started as later
        on
            lines.customer_id = later.customer_id
            and lines.account_key = later.account_key
            and lines.contract_key = later.contract_key
            and {{ days_after('lines.end_date', -1) }} < later.start_date
            and lines.grace_end >= later.start_date
    where
        lines.kind = 'asset_period'
        and (
            lines.start_date < later.start_date
            or (
                lines.start_date = later.start_date
                and {{ bytewise('lines.line_key') }} < {{ bytewise('later.line_key') }}
            )
        )
),

final as (
    select
        valued.customer_id,
        valued.account_id,
        valued.line_id,
        valued.kind,
        valued.start_date,
        valued.end_date,
        coalesce(successors.until_date, valued.grace_end) as until_date,
        successors.ended_by,
        {{ exact('round(valued.converted_amount, 9)') }} as amount,
        {{ exact('valued.arr') }} as arr,
        valued.currency,
        case
            when valued.start_date > valued.as_of then 'not started'
            when valued.landed_arr is null then 'no amount'
            when not valued.has_rate then 'no conversion rate'
        end as reason,
        valued.as_of,
        valued.account_key,
        valued.source_table,
        valued.line_key,
        valued.currency_key,
        {{ exact('valued.landed_arr') }} as landed_arr
    from valued
    left join successors
        on
            valued.customer_id = successors.customer_id
            and valued.account_key = successors.account_key
            and valued.line_key = successors.line_key
            and successors.place = 1
)

select * from final
{%- endif %}
