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
        max(case when kpi = 'executive_engagement' then value end) as executive_engagement
    from results
    group by customer_id, account_key
),

factors as (
    select
        accounts.customer_id,
        accounts.account_key,
        accounts.account_id,
        accounts.churn_risk as mapped_score,
        case when accounts.churn_risk_unreadable is not null then 1 else 0 end as unreadable_count,
        settings.gap,
        settings.is_stale,
        settings.minimum,
        settings.maximum,
        settings.window_end,
        case when inputs.nps < 10 then 25 when inputs.nps is not null then 0 end as nps_risk,
        case when inputs.csat < 3 then 20 when inputs.csat is not null then 0 end as csat_risk,
        case
            when accounts.last_login_date < {{ days_before_as_of(30) }} then 15
            when accounts.last_login_date is not null then 0
        end as inactivity_risk,
        case
            when inputs.support_ticket_volume > 10 then 15
            when inputs.support_ticket_volume is not null then 0
        end as support_volume_risk,
        case
            when customers.has_engagement_field and accounts.is_salesforce_account
                then {{ engagement_risk('accounts.executive_engagement') }}
            when inputs.executive_engagement = 0 then 25
            when inputs.executive_engagement is not null then 0
        end as relationship_risk
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    inner join settings on accounts.customer_id = settings.customer_id
    left join inputs
        on
            accounts.customer_id = inputs.customer_id
            and accounts.account_key = inputs.account_key
),

weighed as (
    select
        *,
        coalesce(nps_risk, 0) + coalesce(csat_risk, 0) + coalesce(inactivity_risk, 0)
        + coalesce(support_volume_risk, 0) + coalesce(relationship_risk, 0) as held_weight,
        case when nps_risk is not null then 25 else 0 end
        + case when csat_risk is not null then 20 else 0 end
        + case when inactivity_risk is not null then 15 else 0 end
        + case when support_volume_risk is not null then 15 else 0 end
        + case when relationship_risk is not null then 25 else 0 end as known_weight,
        case when nps_risk is not null then 1 else 0 end
        + case when csat_risk is not null then 1 else 0 end
        + case when inactivity_risk is not null then 1 else 0 end
        + case when support_volume_risk is not null then 1 else 0 end
        + case when relationship_risk is not null then 1 else 0 end as known_factors
    from factors
),

scored as (
    select
        *,
        case when mapped_score is not null then 1 when unreadable_count > 0 then 0 else known_factors end
            as sample_size,
        case
            when mapped_score is not null then mapped_score
            when known_weight >= 50 then 100.0 * held_weight / known_weight
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
        nps_risk,
        csat_risk,
        inactivity_risk,
        support_volume_risk,
        relationship_risk,
        case when status in ('ok', 'stale') then cast(score as {{ canonical_type('float') }}) end
            as total_churn_risk_score,
        cast(known_weight as {{ canonical_type('float') }}) / 100 as coverage,
        status,
        case when mapped_score is not null or unreadable_count > 0 then 'mapped field' else 'computed' end
            as calculation,
        case when gap is null and unreadable_count = 0 then coalesce(mapped_score, held_weight) end as numerator,
        case
            when gap is not null or unreadable_count > 0 then null
            when mapped_score is not null then 1
            else cast(known_weight as {{ canonical_type('float') }})
        end as denominator,
        case when gap is null then sample_size end as sample_size,
        case when gap is null then unreadable_count else 0 end as unreadable_count,
        window_end as as_of
    from judged
)

select * from final
