with

opportunities as (
    select * from {{ ref('int_opportunity') }}
),

settings as (
    select * from {{ ref('int_kpi_setting') }}
    where kpi in ('revenue_growth', 'net_revenue_retention') and gap is null
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

growth as (
    select
        customer_id,
        account_key,
        kpi,
        id,
        close_date,
        coalesce(left_out_reason, unreadable_reason) as left_out_reason,
        case when is_current then amount else 0 end - case when is_prior then amount else 0 end as numerator,
        case when is_prior then amount else 0 end as denominator
    from placed
    where kpi = 'revenue_growth'
),

retention as (
    select
        customer_id,
        account_key,
        kpi,
        id,
        close_date,
        case
            when left_out_reason is not null then left_out_reason
            when not is_recurring then 'type does not recur'
            when is_current and not (is_prior or is_retained) then 'new business in the window'
            else unreadable_reason
        end as left_out_reason,
        case when is_current and is_retained then amount else 0 end as numerator,
        case when is_prior then amount else 0 end as denominator
    from placed
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
