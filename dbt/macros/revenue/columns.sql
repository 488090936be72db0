{% macro revenue_term_columns() %}
    {#- The columns of revenue_terms, for a batch without any. -#}
    {{- return({
        'customer_id': 'string', 'account_key': 'string', 'account_id': 'string', 'source_table': 'string',
        'line_id': 'string', 'line_key': 'string', 'kind': 'string', 'close_date': 'timestamp',
        'start_date': 'timestamp', 'end_date': 'timestamp', 'months': 'integer', 'given_end': 'timestamp',
        'given_term': 'exact', 'term_months': 'integer', 'default_months': 'integer', 'grace_days': 'integer',
        'contract_key': 'string', 'renewed_key': 'string', 'is_add_on': 'boolean', 'may_follow': 'boolean',
        'renewal_place': 'integer', 'amount': 'exact', 'own_arr': 'exact', 'converted_amount': 'exact',
        'converted_arr': 'exact', 'has_rate': 'boolean', 'currency': 'string', 'currency_key': 'string',
        'unreadable_reason': 'string', 'dropped_reason': 'string', 'as_of': 'timestamp',
    }) -}}
{% endmacro %}


{% macro revenue_line_columns() %}
    {#- The columns of recurring_revenue_lines, likewise. -#}
    {{- return({
        'customer_id': 'string', 'account_id': 'string', 'line_id': 'string', 'kind': 'string',
        'start_date': 'timestamp', 'end_date': 'timestamp', 'until_date': 'timestamp', 'ended_by': 'string',
        'amount': 'exact', 'arr': 'exact', 'currency': 'string', 'reason': 'string', 'as_of': 'timestamp',
        'account_key': 'string', 'source_table': 'string', 'line_key': 'string', 'currency_key': 'string',
        'landed_arr': 'exact',
    }) -}}
{% endmacro %}


{% macro revenue_retention_columns() %}
    {#- The columns of revenue_retention, likewise. -#}
    {{- return({
        'customer_id': 'string', 'segment_kind': 'string', 'segment': 'string', 'accounts': 'integer',
        'starting_arr': 'exact', 'expansion': 'exact', 'contraction': 'exact', 'churned': 'exact',
        'ending_arr': 'exact', 'net_revenue_retention': 'float', 'gross_revenue_retention': 'float',
        'arr_currency': 'string', 'as_of': 'timestamp',
    }) -}}
{% endmacro %}
