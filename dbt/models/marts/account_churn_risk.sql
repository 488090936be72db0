{%- set factors = ['nps', 'csat', 'inactivity', 'support_volume', 'relationship', 'silence'] -%}
with

accounts as (
    {{ of_batch(ref('kpi_accounts')) }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi = 'churn_risk'
),

too_old as (
    select * from {{ ref('int_dated_input') }}
    where input = 'churn_risk' and is_too_old
),

results as (
    select * from {{ ref('int_kpi_result') }}
),

inputs as (
    select
        customer_id,
        account_key,
        max(case when kpi = 'nps' then value end) as nps,
        max(case when kpi = 'csat' then value end) as csat,
        max(case when kpi = 'support_ticket_volume' then value end) as support_ticket_volume,
        max(case when kpi = 'support_ticket_rate' then value end) as support_ticket_rate,
        max(case when kpi = 'executive_engagement' then value end) as executive_engagement
    from results
    group by customer_id, account_key
),


-- Tickets of the days that the scheme standard looks at.
tickets as (
    {%- if batch_has_fact('health_scheme', 'standard') %}
    select
        customer_id,
        account_key,
        sum(case when kpi = 'tickets_before_window' then row_count end) as before_window,
        sum(case when kpi = 'tickets_in_busy_days' then row_count end) as in_busy_days,
        sum(case when kpi = 'tickets_in_silent_days' then row_count end) as in_silent_days
    from {{ ref('kpi_measures') }}
    where left_out_reason is null and customer_id in ({{ customer_list() }})
    group by customer_id, account_key
    {%- else %}
    {{ literal_rows(
        {
            'customer_id': 'string', 'account_key': 'string', 'before_window': 'integer', 'in_busy_days': 'integer',
            'in_silent_days': 'integer',
        },
        [],
    ) }}
    {%- endif %}
),

-- Weights and limits of each customer's factors.
rules as (
    select
        customer_id,
        {%- for factor in factors %}
        max(case when factor = '{{ factor }}_risk' then weight end) as {{ factor }}_weight,
        max(case when factor = '{{ factor }}_risk' then factor_limit end) as {{ factor }}_limit,
        {%- endfor %}
        max(case when factor = 'inactivity_risk' then since end) as active_since,
        max(window_days) as window_days,
        cast(sum(weight) as {{ canonical_type('integer') }}) as total_weight
    from {{ ref('int_churn_rule') }}
    group by customer_id
),

factors as (
    select
        accounts.customer_id,
        accounts.account_key,
        accounts.account_id,
        case when too_old.is_too_old then null else accounts.churn_risk end as mapped_score,
        -- What a field said in its place is not guessed from other things.
        case
            when customers.has_churn_field and not accounts.is_churn_risk_known then {{ not_known() }}
            when accounts.churn_risk is not null then too_old.too_old_reason
        end as left_out_reason,
        case when accounts.churn_risk_unreadable is not null then 1 else 0 end as unreadable_count,
        settings.gap,
        settings.is_stale,
        settings.minimum,
        settings.maximum,
        settings.window_end,
        {%- for factor in factors %}
        rules.{{ factor }}_weight,
        {%- endfor %}
        rules.total_weight,
        case when inputs.nps < rules.nps_limit then rules.nps_weight when inputs.nps is not null then 0 end as nps_risk,
        case when inputs.csat < rules.csat_limit then rules.csat_weight when inputs.csat is not null then 0 end
            as csat_risk,
        case
            when accounts.last_login_date < rules.active_since then rules.inactivity_weight
            when accounts.last_login_date is not null then 0
        end as inactivity_risk,
        case
            when
                inputs.support_ticket_volume > rules.support_volume_limit
                -- Not many for so many users, or not more than usual. With a tolerance: the rate was divided.
                and (
                    rules.window_days is null
                    or (
                        coalesce(inputs.support_ticket_rate > 5 + 1e-9, true)
                        and coalesce(
                            90 * inputs.support_ticket_volume > 2 * rules.window_days * tickets.before_window, true
                        )
                    )
                )
                then rules.support_volume_weight
            when inputs.support_ticket_volume is not null then 0
        end as support_volume_risk,
        case
            when customers.has_engagement_field and accounts.is_salesforce_account
                then {{ engagement_risk('accounts.executive_engagement', 'rules.relationship_weight') }}
            when inputs.executive_engagement <= rules.relationship_limit then rules.relationship_weight
            when inputs.executive_engagement is not null then 0
        end as relationship_risk,
        case
            when rules.silence_weight is null or inputs.support_ticket_volume is null then null
            when coalesce(tickets.in_busy_days, 0) >= 5 * rules.silence_limit and tickets.in_silent_days is null
                then rules.silence_weight
            else 0
        end as silence_risk
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    inner join settings on accounts.customer_id = settings.customer_id
    inner join rules on accounts.customer_id = rules.customer_id
    left join inputs
        on
            accounts.customer_id = inputs.customer_id
            and accounts.account_key = inputs.account_key
    left join tickets
        on
            accounts.customer_id = tickets.customer_id
            and accounts.account_key = tickets.account_key
    left join too_old
        on
            accounts.customer_id = too_old.customer_id
            and accounts.account_key = too_old.account_key
),

weighed as (
    select
        *,
        {% for factor in factors -%}
        coalesce({{ factor }}_risk, 0){{ ' + ' if not loop.last }}
        {%- endfor %} as held_weight,
        {% for factor in factors -%}
        case when {{ factor }}_risk is not null then {{ factor }}_weight else 0 end{{ '\n        + ' if not loop.last }}
        {%- endfor %} as known_weight,
        {% for factor in factors -%}
        case when {{ factor }}_risk is not null then 1 else 0 end{{ '\n        + ' if not loop.last }}
        {%- endfor %} as known_factors
    from factors
),

scored as (
    select
        *,
        case
            when mapped_score is not null then 1
            when unreadable_count > 0 or left_out_reason is not null then 0
            else known_factors
        end as sample_size,
        case
            when mapped_score is not null then mapped_score
            when left_out_reason is not null then null
            when known_weight > 0 and 2 * known_weight >= total_weight then 100.0 * held_weight / known_weight
        end as score
    from weighed
),

judged as (
    select
        *,
        {{ kpi_status('score', 'minimum', 'maximum') }} as status
    from scored
),

final as (
    select
        customer_id,
        account_id,
        {{ as_int('nps_risk') }} as nps_risk,
        {{ as_int('csat_risk') }} as csat_risk,
        {{ as_int('inactivity_risk') }} as inactivity_risk,
        {{ as_int('support_volume_risk') }} as support_volume_risk,
        {{ as_int('relationship_risk') }} as relationship_risk,
        {{ as_int('silence_risk') }} as silence_risk,
        case when status in ('ok', 'stale') then cast(score as {{ canonical_type('float') }}) end
            as total_churn_risk_score,
        coalesce(cast(known_weight as {{ canonical_type('float') }}) / nullif(total_weight, 0), 0) as coverage,
        status,
        case
            when mapped_score is not null or unreadable_count > 0 or left_out_reason is not null then 'mapped field'
            else 'computed'
        end as calculation,
        case
            when gap is null and unreadable_count = 0 and left_out_reason is null
                then coalesce(mapped_score, held_weight)
        end as numerator,
        case
            when gap is not null or unreadable_count > 0 or left_out_reason is not null then null
            when mapped_score is not null then 1
            else cast(known_weight as {{ canonical_type('float') }})
        end as denominator,
        case when gap is null then sample_size end as sample_size,
        case when gap is null then unreadable_count else 0 end as unreadable_count,
        case when status = 'no_data' then left_out_reason end as left_out_reason,
        window_end as as_of
    from judged
)

select * from final
