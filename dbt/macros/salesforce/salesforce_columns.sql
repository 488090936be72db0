{% macro salesforce_columns() %}
    {#- What is read of each table: canonical name → kind, or landed name and kind; and of the fields of the settings. -#}
    {{- return({
        'account': {
            'columns': dict(
                {
                    'name': 'string',
                    'account_type': ['type', 'string'],
                    'master_record_id': 'string',
                    'annual_revenue': 'float',
                    'currency_iso_code': 'string',
                    'owner_id': 'string',
                    'is_deleted': 'boolean',
                    'is_deleted_by_sync': ['_fivetran_deleted', 'boolean'],
                    'created_date': 'timestamp',
                },
                **landed_account_columns('account')
            ),
            'fields': {
                'nps_score': 'float',
                'adoption_score': 'float',
                'churn_risk': 'float',
                'health_score': 'float',
                'last_login_date': 'timestamp',
                'active_users': 'float',
                'total_users': 'float',
                'feature_usage_score': 'float',
                'executive_engagement': 'string',
                'nps_date': 'timestamp',
                'adoption_index_date': 'timestamp',
                'activation_date': 'timestamp',
                'feature_usage_date': 'timestamp',
                'churn_risk_date': 'timestamp',
                'churn_date': 'date',
            },
            'keyless': true,
        },
        'opportunity': {
            'columns': {
                'account_id': 'string',
                'amount': 'exact',
                'currency_iso_code': 'string',
                'opportunity_type': ['type', 'string'],
                'is_won': 'boolean',
                'is_closed': 'boolean',
                'close_date': 'date',
                'contract_id': 'string',
            },
            'fields': {
                'opportunity_arr': 'exact',
                'opportunity_start_date': 'date',
                'opportunity_end_date': 'date',
                'opportunity_term_months': 'exact',
                'opportunity_renewed_contract': 'string',
            },
        },
        'opportunity_line_item': {
            'columns': {'opportunity_id': 'string', 'product_2_id': 'string', 'total_price': 'exact'},
        },
        'product_2': {'columns': {'family': 'string'}},
        'contract': {'columns': {'start_date': 'date', 'end_date': 'date', 'contract_term': 'exact'}},
        'asset': {'columns': {'account_id': 'string'}},
        'asset_state_period': {
            'columns': {
                'asset_id': 'string',
                'start_date': 'timestamp',
                'end_date': 'timestamp',
                'mrr': 'exact',
                'currency_iso_code': 'string',
            },
            'keyless': true,
        },
        'contact': {'columns': {'account_id': 'string', 'title': 'string', 'email': 'string'}},
        'case': {
            'columns': {'account_id': 'string', 'created_date': 'timestamp'},
            'fields': {'satisfaction_rating': 'exact'},
        },
        'task': {
            'columns': {
                'who_id': 'string',
                'status': 'string',
                'task_subtype': 'string',
                'is_closed': 'boolean',
                'completed_date_time': 'timestamp',
                'activity_date': 'date',
                'created_date': 'timestamp',
            },
        },
        'user': {'columns': landed_account_columns('user')},
        'task_relation': {'columns': {'task_id': 'string', 'relation_id': 'string'}},
        'event_relation': {'columns': {'event_id': 'string', 'relation_id': 'string'}},
        'currency_type': {
            'columns': {'iso_code': 'string', 'conversion_rate': 'exact', 'is_corporate': 'boolean'},
        },
        'dated_conversion_rate': {
            'columns': {
                'iso_code': 'string',
                'start_date': 'date',
                'next_start_date': 'date',
                'conversion_rate': 'exact',
            },
        },
        'event': {'columns': {'who_id': 'string', 'end_date_time': 'timestamp'}},
    }) -}}
{% endmacro %}
