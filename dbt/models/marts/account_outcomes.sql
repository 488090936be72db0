{#- A churned outcome is taken unless one that is already taken lies within the grace. An account rarely has two. -#}
{%- set rounds = 10 -%}
{%- set has_ledger = batch_has_ledger() -%}
with

customers as (
    select * from {{ ref('int_customer') }}
),

masters as (
    select * from {{ ref('int_account_master') }}
),

-- 1. The account says when it left.
churn_dates as (
    select
        masters.customer_id,
        masters.account_key,
        masters.account_id,
        1 as source_place,
        accounts.churn_date as outcome_date,
        'account' as evidence_table,
        accounts.landed_id as evidence_id
    from {{ ref('stg_salesforce__account') }} as accounts
    inner join masters
        on
            accounts.customer_id = masters.customer_id
            and accounts.id_key = masters.id_key
    where accounts.churn_date < {{ as_of('accounts') }}
),

-- 2. A renewal was lost, and none was won within the grace after it.
decided_renewals as (
    select
        opportunities.customer_id,
        masters.account_key,
        masters.account_id,
        opportunities.landed_id,
        opportunities.id_key,
        opportunities.close_date,
        coalesce(opportunities.is_won, false) as is_won,
        {{ days_after('opportunities.close_date', 'customers.grace_days') }} as grace_end
    from {{ ref('stg_salesforce__opportunity') }} as opportunities
    inner join customers on opportunities.customer_id = customers.customer_id
    inner join {{ ref('int_recurring_type') }} as recurring_types
        on
            opportunities.customer_id = recurring_types.customer_id
            and lower({{ not_blank('opportunities.opportunity_type') }}) = recurring_types.opportunity_type
            and recurring_types.kind = 'renewal'
    inner join masters
        on
            opportunities.customer_id = masters.customer_id
            and {{ salesforce_key(not_blank('opportunities.account_id')) }} = masters.id_key
    where
        opportunities.is_live
        and (opportunities.is_closed or opportunities.is_won)
        and opportunities.is_won_unreadable is null
        and opportunities.close_date < {{ as_of('opportunities') }}
),

lost_renewals as (
    select
        lost.customer_id,
        lost.account_key,
        lost.account_id,
        2 as source_place,
        lost.close_date as outcome_date,
        'opportunity' as evidence_table,
        lost.landed_id as evidence_id
    from decided_renewals as lost
    left join decided_renewals as won
        on
            lost.customer_id = won.customer_id
            and lost.account_key = won.account_key
            and won.is_won
            and lost.close_date <= won.close_date
            and lost.grace_end >= won.close_date
    where not lost.is_won and won.id_key is null
),
{%- if has_ledger %}

lines_of_batch as (
    {{ of_batch(ref('recurring_revenue_lines')) }}
),

lines as (
    select * from lines_of_batch
    where start_date <= as_of
),

-- 3. A run of lines ends when nothing has started by the last day on which one may still be renewed.
placed_lines as (
    select
        *,
        max(coalesce(until_date, {{ timestamp_literal('9999-12-31 00:00:00') }})) over (
            partition by customer_id, account_key
            order by start_date, {{ bytewise('line_key') }}
            rows between unbounded preceding and 1 preceding
        ) as until_before
    from lines
),

numbered_lines as (
    select
        *,
        sum(case when until_before >= start_date then 0 else 1 end) over (
            partition by customer_id, account_key
            order by start_date, {{ bytewise('line_key') }}
            rows between unbounded preceding and current row
        ) as run,
        row_number() over (
            partition by customer_id, account_key
            order by end_date desc, {{ bytewise('line_key') }} desc
        ) as place_from_end
    from placed_lines
),

runs as (
    select
        customer_id,
        account_key,
        account_id,
        run,
        max(end_date) as last_end,
        min(place_from_end) as last_place
    from numbered_lines
    group by customer_id, account_key, account_id, run
    having
        max(case when until_date is null then 1 else 0 end) = 0
        and max(until_date) <= max(as_of)
        and max(end_date) < max(as_of)
),

ended_runs as (
    select
        runs.customer_id,
        runs.account_key,
        runs.account_id,
        3 as source_place,
        runs.last_end as outcome_date,
        'recurring_revenue_lines' as evidence_table,
        last_lines.line_id as evidence_id
    from runs
    inner join numbered_lines as last_lines
        on
            runs.customer_id = last_lines.customer_id
            and runs.account_key = last_lines.account_key
            and runs.run = last_lines.run
            and runs.last_place = last_lines.place_from_end
),

renewals as (
    select
        renewing.customer_id,
        renewing.account_key,
        renewing.account_id,
        renewing.start_date as outcome_date,
        case when count(renewed.arr) = count(*) then sum(renewed.arr) end as arr_before,
        max(renewing.arr) as arr_after,
        renewing.line_id as evidence_id
    from lines as renewing
    inner join lines as renewed
        on
            renewing.customer_id = renewed.customer_id
            and renewing.account_key = renewed.account_key
            and renewing.line_id = renewed.ended_by
    where renewing.kind = 'renewal' and renewing.start_date < renewing.as_of
    group by
        renewing.customer_id, renewing.account_key, renewing.account_id, renewing.start_date, renewing.line_id
),
{%- endif %}

-- 4. In history mode: its type ceased to be one that counts.
versions as (
    select
        versions.customer_id,
        versions.id_key,
        versions.landed_id,
        versions._fivetran_start as began_at,
        coalesce(
            {{ counts_by_type(not_blank('versions.account_type'), 'customers.account_type_list') }}, false
        ) as counts,
        lag(coalesce(
            {{ counts_by_type(not_blank('versions.account_type'), 'customers.account_type_list') }}, false
        )) over (
            partition by versions.customer_id, versions.id_key
            order by versions._fivetran_start, versions._fivetran_synced
        ) as counted_before
    from {{ ref('stg_salesforce__account_version') }} as versions
    inner join customers on versions.customer_id = customers.customer_id
    where customers.has_account_type and versions.id_key is not null and versions._fivetran_start is not null
),

retyped as (
    select
        masters.customer_id,
        masters.account_key,
        masters.account_id,
        4 as source_place,
        versions.began_at as outcome_date,
        'account' as evidence_table,
        versions.landed_id as evidence_id
    from versions
    inner join masters
        on
            versions.customer_id = masters.customer_id
            and versions.id_key = masters.id_key
    where not versions.counts and versions.counted_before and versions.began_at < {{ as_of('versions') }}
),

candidates as (
    select * from churn_dates
    union all
    select * from lost_renewals
    {%- if has_ledger %}
    union all
    select * from ended_runs
    {%- endif %}
    union all
    select * from retyped
),

remaining_0 as (
    select
        candidates.*,
        customers.grace_days,
        row_number() over (
            partition by candidates.customer_id, candidates.account_key
            order by
                candidates.source_place,
                candidates.outcome_date,
                {{ bytewise('candidates.evidence_id') }}
        ) as place
    from candidates
    inner join customers on candidates.customer_id = customers.customer_id
),
{%- for round in range(rounds) %}

first_{{ round }} as (
    select
        *,
        min(place) over (partition by customer_id, account_key) as first_place
    from remaining_{{ round }}
),

taken_{{ round }} as (
    select * from first_{{ round }}
    where place = first_place
),

remaining_{{ round + 1 }} as (
    select
        others.customer_id,
        others.account_key,
        others.account_id,
        others.source_place,
        others.outcome_date,
        others.evidence_table,
        others.evidence_id,
        others.grace_days,
        others.place
    from first_{{ round }} as others
    inner join taken_{{ round }} as taken
        on
            others.customer_id = taken.customer_id
            and others.account_key = taken.account_key
    where
        others.outcome_date > {{ days_after('taken.outcome_date', 'others.grace_days') }}
        or taken.outcome_date > {{ days_after('others.outcome_date', 'others.grace_days') }}
),
{%- endfor %}

taken as (
    {%- for round in range(rounds) %}
    select * from taken_{{ round }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),
{%- if has_ledger %}

bases as (
    select * from {{ ref('int_revenue_basis') }}
),

-- What recurred just before: the lines that were active a microsecond earlier.
arr_before as (
    select
        taken.customer_id,
        taken.account_key,
        taken.place,
        count(*) as active_lines,
        count(lines.arr) as known_lines,
        sum(lines.arr) as arr
    from taken
    inner join lines
        on
            taken.customer_id = lines.customer_id
            and taken.account_key = lines.account_key
            and taken.outcome_date > lines.start_date
            and (lines.until_date is null or taken.outcome_date <= lines.until_date)
    group by taken.customer_id, taken.account_key, taken.place
),

decided as (
    select
        taken.customer_id,
        taken.account_id,
        'churned' as outcome,
        taken.outcome_date,
        case
            when bases.revenue_basis = 'bookings' then null
            when coalesce(arr_before.active_lines, 0) = coalesce(arr_before.known_lines, 0)
                then coalesce(arr_before.arr, 0)
        end as arr_before,
        case when bases.revenue_basis <> 'bookings' then 0 end as arr_after,
        taken.evidence_table,
        taken.evidence_id
    from taken
    inner join bases on taken.customer_id = bases.customer_id
    left join arr_before
        on
            taken.customer_id = arr_before.customer_id
            and taken.account_key = arr_before.account_key
            and taken.place = arr_before.place

    union all

    select
        customer_id,
        account_id,
        case when arr_after >= arr_before then 'renewed' else 'contracted' end as outcome,
        outcome_date,
        arr_before,
        arr_after,
        'recurring_revenue_lines' as evidence_table,
        evidence_id
    from renewals
    where arr_after > 0 and arr_before is not null
),
{%- else %}

decided as (
    select
        customer_id,
        account_id,
        'churned' as outcome,
        outcome_date,
        null as arr_before,
        null as arr_after,
        evidence_table,
        evidence_id
    from taken
),
{%- endif %}

final as (
    select
        customer_id,
        account_id,
        outcome,
        outcome_date,
        cast(arr_before as {{ canonical_type('float') }}) as arr_before,
        cast(arr_after as {{ canonical_type('float') }}) as arr_after,
        evidence_table,
        evidence_id,
        {{ as_of() }} as as_of
    from decided
)

select * from final
