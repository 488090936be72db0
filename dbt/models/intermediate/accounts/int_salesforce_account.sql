with

accounts as (
    select
        *,
        {{ salesforce_key('id') }} as account_key
    from {{ ref('stg_salesforce__account') }}
),

users as (
    select
        *,
        {{ salesforce_key('id') }} as user_key
    from {{ ref('stg_salesforce__user') }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

latest_accounts as (
    {{ latest('accounts', 'account_key', 'id') }}
),

latest_users as (
    {{ latest('users', 'user_key', 'id') }}
),

final as (
    select
        latest_accounts.customer_id,
        latest_accounts.account_key,
        latest_accounts.id as account_id,
        latest_accounts.name as account_name,
        {{ normalised_name('latest_accounts.name') }} as normalised_name,
        latest_accounts.website,
        latest_accounts.annual_revenue as revenue,
        latest_accounts.industry,
        latest_accounts.billing_country as region,
        latest_users.name as csm_name,
        latest_users.email as csm_email,
        latest_accounts.nps_score,
        latest_accounts.adoption_score,
        latest_accounts.churn_risk,
        latest_accounts.health_score,
        latest_accounts.last_login_date,
        latest_accounts.active_users,
        latest_accounts.total_users,
        latest_accounts.feature_usage_score,
        latest_accounts.executive_engagement,
        latest_accounts._fivetran_synced as synced_at,
        case
            when not latest_accounts.is_live then 'account deleted'
            when {{ not_blank('latest_accounts.master_record_id') }} is not null then 'account merged'
            when
                customers.has_account_type and not coalesce(latest_accounts.type like 'Customer%', false)
                then 'account of another type'
        end as left_out_reason
    from latest_accounts
    inner join customers on latest_accounts.customer_id = customers.customer_id
    left join latest_users
        on
            latest_accounts.customer_id = latest_users.customer_id
            and latest_users.is_live
            and {{ salesforce_key('latest_accounts.owner_id') }} = latest_users.user_key
)

select * from final
