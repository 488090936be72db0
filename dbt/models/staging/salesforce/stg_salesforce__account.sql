-- depends_on: {{ source('salesforce', 'account') }}

{{ staged(
    'salesforce', 'account',
    columns=dict(
        {
            'name': 'string',
            'account_type': ['type', 'string'],
            'master_record_id': 'string',
            'annual_revenue': 'float',
            'currency_iso_code': 'string',
            'owner_id': 'string',
            'is_deleted': 'boolean',
            'is_deleted_by_sync': ['_fivetran_deleted', 'boolean'],
        },
        **landed_account_columns('account')
    ),
    fields={
        'nps_score': 'float',
        'adoption_score': 'float',
        'churn_risk': 'float',
        'health_score': 'float',
        'last_login_date': 'timestamp',
        'active_users': 'float',
        'total_users': 'float',
        'feature_usage_score': 'float',
        'executive_engagement': 'string',
    },
    keyless=true,
) }}
