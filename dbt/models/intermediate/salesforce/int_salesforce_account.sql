with

accounts as (
    select * from {{ ref('stg_salesforce__account') }}
),

users as (
    select * from {{ ref('stg_salesforce__user') }}
),

customers as (
    select * from {{ ref('int_customer') }}
),

final as (
    select
        accounts.customer_id,
        accounts.id_key as account_key,
        accounts.landed_id as account_id,
        accounts.name as account_name,
        {{ normalised_name('accounts.name') }} as normalised_name,
        accounts.account_type,
        {{ account_columns_landed({'account': 'accounts', 'user': 'users'}) }},
        accounts.annual_revenue as revenue,
        {{ currency_code('accounts.currency_iso_code') }} as currency,
        accounts.nps_score,
        accounts.nps_score_unreadable,
        accounts.adoption_score,
        accounts.adoption_score_unreadable,
        accounts.churn_risk,
        accounts.churn_risk_unreadable,
        accounts.health_score,
        accounts.last_login_date,
        accounts.active_users,
        accounts.total_users,
        accounts.feature_usage_score,
        accounts.executive_engagement,
        accounts._fivetran_synced as synced_at,
        case
            when accounts.id_key is null then 'account without id'
            when not accounts.is_live and coalesce(accounts.is_deleted or accounts.is_deleted_by_sync, false)
                then 'account deleted'
            when not accounts.is_live then 'account inactive'
            when accounts.is_live_unreadable is not null then accounts.is_live_unreadable
            when {{ not_blank('accounts.master_record_id') }} is not null then 'account merged'
            when
                customers.has_account_type
                and not {{ counts_by_type(not_blank('accounts.account_type'), 'customers.account_type_list') }}
                then 'account of another type'
        end as left_out_reason
    from accounts
    inner join customers on accounts.customer_id = customers.customer_id
    left join users
        on
            accounts.customer_id = users.customer_id
            and users.is_live
            and {{ salesforce_key('accounts.owner_id') }} = users.id_key
)

select * from final
