{% set with_currencies = batch_has_currencies() -%}
with

opportunities as (
    select * from {{ ref('int_opportunity') }}
),

settings as (
    select settings.*
    from {{ ref('int_kpi_setting') }} as settings
    inner join {{ ref('int_revenue_basis') }} as bases
        on
            settings.customer_id = bases.customer_id
            and bases.revenue_basis = 'bookings'
    where settings.kpi in ('revenue_growth', 'net_revenue_retention') and settings.gap is null
),

recurring_types as (
    select * from {{ ref('int_recurring_type') }}
),

placed as (
    select
        opportunities.customer_id,
        opportunities.account_key,
        opportunities.id,
        opportunities.close_date,
        opportunities.left_out_reason,
        opportunities.unreadable_reason,
        settings.kpi,
        recurring_types.opportunity_type is not null as is_recurring,
        coalesce(recurring_types.is_retained, false) as is_retained,
        coalesce(opportunities.amount, 0) as amount,
        {%- if with_currencies %}
        case when opportunities.has_rate then coalesce(opportunities.converted_amount, 0) end as converted_amount,
        opportunities.has_rate,
        coalesce(opportunities.currency, '') as currency,
        {%- endif %}
        coalesce(opportunities.close_date >= settings.window_start, false) as is_current,
        coalesce(opportunities.close_date < settings.prior_window_end, false) as is_prior
    from opportunities
    inner join settings on opportunities.customer_id = settings.customer_id
    left join recurring_types
        on
            opportunities.customer_id = recurring_types.customer_id
            and opportunities.opportunity_type = recurring_types.opportunity_type
    where
        {{ is_looked_at('opportunities.close_date', 'opportunities.unreadable_reason', 'settings.prior_window_start') }}
        and (
            opportunities.close_date is null
            or opportunities.close_date < settings.prior_window_end
            or opportunities.close_date >= settings.window_start
        )
),

judged as (
    select
        *,
        case
            when left_out_reason is not null then left_out_reason
            when kpi = 'revenue_growth' then unreadable_reason
            when not is_recurring then 'type does not recur'
            when is_current and not (is_prior or is_retained) then 'new business in the window'
            else unreadable_reason
        end as reason
    from placed
),
{%- if with_currencies %}

-- The rows of an account's ratio: how many lack a rate, and whether all carry one currency.
compared as (
    select
        *,
        sum(case when reason is null and not has_rate then 1 else 0 end) over (
            partition by customer_id, account_key, kpi
        ) as without_rate,
        min(case when reason is null then currency end) over (partition by customer_id, account_key, kpi)
        = max(case when reason is null then currency end) over (partition by customer_id, account_key, kpi)
            as is_one_currency
    from judged
),

-- A ratio in one currency needs no rate. Of several, one amount that cannot be converted leaves none to compare.
comparable as (
    select
        customer_id,
        account_key,
        kpi,
        id,
        close_date,
        is_current,
        is_prior,
        is_retained,
        case when without_rate > 0 and is_one_currency then amount else converted_amount end as amount,
        case
            when reason is not null or without_rate = 0 or is_one_currency then reason
            when has_rate then 'beside an amount without rate'
            else 'no conversion rate'
        end as left_out_reason
    from compared
),
{%- else %}

comparable as (
    select
        customer_id,
        account_key,
        kpi,
        id,
        close_date,
        is_current,
        is_prior,
        is_retained,
        amount,
        reason as left_out_reason
    from judged
),
{%- endif %}

growth as (
    select
        *,
        case when is_current then amount else 0 end - case when is_prior then amount else 0 end as numerator,
        case when is_prior then amount else 0 end as denominator
    from comparable
    where kpi = 'revenue_growth'
),

retention as (
    select
        *,
        case when is_current and is_retained then amount else 0 end as numerator,
        case when is_prior then amount else 0 end as denominator
    from comparable
    where kpi = 'net_revenue_retention'
),

final as (
    select
        customer_id,
        account_key,
        kpi,
        'salesforce.opportunity' as source_table,
        id as source_id,
        close_date as event_time,
        {{ exact('numerator') }} as numerator,
        {{ exact('denominator') }} as denominator,
        left_out_reason
    from growth

    union all

    select
        customer_id,
        account_key,
        kpi,
        'salesforce.opportunity' as source_table,
        id as source_id,
        close_date as event_time,
        {{ exact('numerator') }} as numerator,
        {{ exact('denominator') }} as denominator,
        left_out_reason
    from retention
)

select * from final
