{% macro batch_is_strict() %}
    {#- Whether a customer of the batch counts only what was known at as_of. -#}
    {{- return(batch_has_fact('is_strict')) -}}
{% endmacro %}


{% macro not_known() %}
    {#- The reason for a value whose field was not known at as_of; domain/known_then.py has it, too. -#}
    {{- return(text_literal('not known at as_of')) -}}
{% endmacro %}


{% macro account_fields() %}
    {#- The mapped fields of an account, which say what holds today. -#}
    {{- return(salesforce_columns()['account']['fields']) -}}
{% endmacro %}


{% macro account_field_names() %}
    {#- What the models read of those fields, by name. -#}
    {{- return([
        'nps_score', 'nps_score_unreadable', 'adoption_score', 'adoption_score_unreadable', 'churn_risk',
        'churn_risk_unreadable', 'health_score', 'last_login_date', 'active_users', 'total_users', 'feature_usage_score',
        'executive_engagement', 'nps_date', 'adoption_index_date', 'activation_date', 'feature_usage_date',
        'churn_risk_date',
    ]) -}}
{% endmacro %}


{% macro account_known_flags() %}
    {#- Columns that say whether fields were known at as_of: those that runs record each, the others together. -#}
    {{- return(['is_nps_score_known', 'is_adoption_score_known', 'is_churn_risk_known', 'are_fields_known']) -}}
{% endmacro %}


{% macro recorded_fields() %}
    {#- The KPIs of which kpi_daily tells what a field held. -#}
    {{- return({'nps': 'nps_score', 'adoption_index': 'adoption_score', 'churn_risk': 'churn_risk'}) -}}
{% endmacro %}


{% macro computed_at() %}
    {{- return(timestamp_literal(computed_at_datetime())) -}}
{% endmacro %}


{% macro computed_at_datetime() %}
    {{- return(utc_datetime(var('computed_at', none) or run_started_at.isoformat())) -}}
{% endmacro %}


{% macro is_recorded_in_time() %}
    {#- Whether this build records what was known at as_of: it computes at most a day after it. -#}
    {{- return(computed_at_datetime() <= as_of_datetime() + modules.datetime.timedelta(days=1)) -}}
{% endmacro %}


{% macro recorded_values() -%}
    {#- What runs recorded within 7 days up to as_of, at most a day after their own: a row for each value of a strict
        customer. Read where runs have left it: a reference would be a circle. -#}
    {%- set parts = [] -%}
    {%- for customer in batch_customers() if customer.get('recorded') -%}
        {%- set part %}
select
    {{ text_literal(customer.key) }} as customer_id,
    {{ salesforce_key('account_id') }} as account_key,
    kpi,
    value,
    as_of
from {{ landed_relation(customer.recorded) }}
where
    customer_id = {{ text_literal(customer.recorded.key) }}
    and kpi in ('nps', 'adoption_index', 'churn_risk')
    and as_of > {{ customer_as_of(customer, days=7) }}
    and as_of <= {{ customer_as_of(customer) }}
    and computed_at <= {{ days_after('as_of', 1) }}
        {%- endset -%}
        {%- do parts.append(part) -%}
    {%- endfor -%}
    {{ parts | join('\nunion all\n') if parts else literal_rows(
        {'customer_id': 'string', 'account_key': 'string', 'kpi': 'string', 'value': 'float', 'as_of': 'timestamp'}, []
    ) }}
{%- endmacro %}


{% macro known_field(name, customers, accounts, known) -%}
    {#- A mapped field of the account, or NULL if the customer is strict and it was not known at as_of. -#}
    case when {{ customers }}.is_strict then {{ known }}.{{ name }} else {{ accounts }}.{{ name }} end
{%- endmacro %}


{% macro flags_of_inputs() %}
    {#- The inputs of the health score that are fields of the account, and the flag that says whether they were known. -#}
    {{- return({
        'nps': 'is_nps_score_known', 'adoption_index': 'is_adoption_score_known', 'activation': 'are_fields_known',
        'feature_usage': 'are_fields_known', 'churn_risk': 'is_churn_risk_known',
    }) -}}
{% endmacro %}


{% macro inputs_known_then(accounts, customers) -%}
    {#- In a strict batch a column for each of those inputs: 1 if it was known at as_of for an account of the customer,
        else 0. A churn risk that is computed always is. -#}
    {%- if batch_is_strict() -%}
        {%- for input, flag in flags_of_inputs().items() -%}
            {%- set is_known = accounts ~ '.' ~ flag -%}
            {%- if input == 'churn_risk' -%}
                {%- set is_known = '(' ~ is_known ~ ' or not ' ~ customers ~ '.has_churn_field)' -%}
            {%- endif -%}

        max(
            case when not {{ accounts }}.is_salesforce_account then null when {{ is_known }} then 1 else 0 end
        ) over (partition by {{ accounts }}.customer_id) as is_{{ input }}_known,
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro weight_that_can_be_known() -%}
    {#- What the weights of all inputs make together, by which coverage is measured. An input that was not known at as_of
        for any account of the customer is left out. -#}
    {%- set parts = [] -%}
    {%- if not batch_is_strict() -%}
        {{- return('(relationship_weight + adoption_weight + business_outcomes_weight + support_weight)') -}}
    {%- endif -%}
    {%- for one in health_catalogue() -%}
        {%- set part = one.category ~ '_weight * ' ~ one.weight -%}
        {%- if one.name in flags_of_inputs() -%}
            {%- set part = 'case when is_' ~ one.name ~ '_known = 0 then 0 else ' ~ part ~ ' end' -%}
        {%- endif -%}
        {%- do parts.append(part) -%}
    {%- endfor -%}
    {{- return('nullif(' ~ parts | join(' + ') ~ ', 0)') -}}
{%- endmacro %}


{% macro batch_is_backtest() %}
    {#- Whether the batch is a back-test, in which other accounts count than those that the dashboard shows. -#}
    {{- return(
        batch_has_fact('population', 'buyers')
        or batch_has_fact('population', 'versions')
        or batch_has_fact('population', 'present')
    ) -}}
{% endmacro %}
