{% macro kpi_definitions() %}
    {#- The twelve: source, scale of numerator / denominator, and range. -#}
    {{- return({
        'nps': {'source': 'salesforce', 'scale': 1, 'minimum': -100, 'maximum': 100},
        'csat': {'source': 'salesforce', 'scale': 1, 'minimum': 1, 'maximum': 5},
        'executive_engagement': {'source': 'salesforce', 'scale': 1, 'minimum': 0, 'maximum': none},
        'adoption_index': {'source': 'salesforce', 'scale': 1, 'minimum': 0, 'maximum': 100},
        'support_ticket_volume': {'source': 'servicenow', 'scale': 1, 'minimum': 0, 'maximum': none},
        'sla_compliance': {'source': 'servicenow', 'scale': 100, 'minimum': 0, 'maximum': 100},
        'first_response_time': {'source': 'servicenow', 'scale': 1, 'minimum': 0, 'maximum': none},
        'resolution_time': {'source': 'servicenow', 'scale': 1, 'minimum': 0, 'maximum': none},
        'support_satisfaction': {'source': 'servicenow', 'scale': 1, 'minimum': 1, 'maximum': 5},
        'revenue_growth': {'source': 'salesforce', 'scale': 100, 'minimum': -100, 'maximum': none},
        'net_revenue_retention': {'source': 'salesforce', 'scale': 100, 'minimum': 0, 'maximum': none},
        'churn_risk': {'source': 'salesforce', 'scale': 1, 'minimum': 0, 'maximum': 100},
    }) -}}
{% endmacro %}


{% macro default_window_days() %}
    {{- return({
        'csat': 90, 'executive_engagement': 30, 'support_ticket_volume': 30, 'sla_compliance': 30,
        'first_response_time': 30, 'resolution_time': 30, 'support_satisfaction': 90,
        'revenue_growth': 365, 'net_revenue_retention': 365,
    }) -}}
{% endmacro %}


{% macro kpi_settings() %}
    {#- `customers`: customer and number of its profile; `profiles`: one row per profile and KPI, in the order of
        int_kpi_setting's columns. Most customers share a profile, and SQL with thousands of rows is slow to plan. -#}
    {%- set numbers = {} -%}
    {%- set customers = [] -%}
    {%- set profiles = [] -%}
    {%- set gaps = {} -%}
    {%- for customer in batch_customers() -%}
        {%- set layout = customer.get('layout') or customer.key -%}
        {%- if layout not in gaps -%}
            {%- do gaps.update({layout: kpi_gaps(customer)}) -%}
        {%- endif -%}
        {%- set stale = {} -%}
        {%- for source, settings in customer.sources.items() -%}
            {%- do stale.update({source: settings.get('stale', false)}) -%}
        {%- endfor -%}
        {%- set profile = tojson([layout, customer.get('kpis'), stale], sort_keys=true) -%}
        {%- if profile not in numbers -%}
            {%- do numbers.update({profile: numbers | length}) -%}
            {%- do profiles.extend(kpi_profile_rows(numbers[profile], customer.get('kpis', {}), gaps[layout], stale)) -%}
        {%- endif -%}
        {%- do customers.append([customer.key, numbers[profile]]) -%}
    {%- endfor -%}
    {{- return({'customers': customers, 'profiles': profiles}) -}}
{% endmacro %}


{% macro kpi_profile_rows(number, kpis, gaps, stale) %}
    {%- set rows = [] -%}
    {%- set as_of = as_of_datetime() -%}
    {%- set windows = default_window_days() -%}
    {%- for kpi, definition in kpi_definitions().items() -%}
        {%- set settings = kpis.get(kpi, {}) -%}
        {%- set default_days = windows.get(kpi) -%}
        {%- set days = (settings.get('window_days') or default_days) if default_days else none -%}
        {%- do rows.append([
            number,
            kpi,
            definition.source,
            definition.scale,
            definition.minimum,
            definition.maximum,
            as_of - modules.datetime.timedelta(days=365 + days) if days else none,
            as_of - modules.datetime.timedelta(days=365) if days else none,
            as_of - modules.datetime.timedelta(days=days) if days else none,
            as_of,
            'disabled' if not settings.get('enabled', true) else gaps[kpi],
            stale.get(definition.source, false),
        ]) -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}


{% macro kpi_gaps(customer) %}
    {#- KPI → gap; equal for customers whose tables landed alike. -#}
    {%- set gaps = {} -%}
    {%- for kpi in kpi_definitions() -%}
        {%- do gaps.update({kpi: kpi_gap(customer, kpi)}) -%}
    {%- endfor -%}
    {{- return(gaps) -}}
{% endmacro %}


{% macro kpi_gap(customer, kpi) %}
    {#- not_synced, not_mapped or none: what of the KPI's tables and columns is not there for a customer. -#}
    {%- if kpi_definitions()[kpi].source == 'servicenow' -%}
        {{- return(servicenow_gap(customer, kpi)) -}}
    {%- endif -%}
    {%- set tables = {
        'csat': ['case'],
        'executive_engagement': ['contact', 'task'],
        'revenue_growth': ['opportunity'],
        'net_revenue_retention': ['opportunity'],
    } -%}
    {%- for table in ['account'] + tables.get(kpi, []) if not landed_table(customer, 'salesforce', table) -%}
        {{- return('not_synced') -}}
    {%- endfor -%}
    {%- set columns = {
        'nps': [('account', ['nps_score'])],
        'adoption_index': [('account', ['adoption_score'])],
        'csat': [('case', ['account_id']), ('case', ['created_date']), ('case', ['satisfaction_rating'])],
        'executive_engagement': [
            ('contact', ['account_id']), ('contact', ['title']), ('task', ['who_id']), ('task', ['is_closed', 'status']),
            ('task', ['completed_date_time', 'activity_date', 'created_date']),
        ],
        'revenue_growth': [
            ('opportunity', ['account_id']), ('opportunity', ['amount']), ('opportunity', ['is_won']),
            ('opportunity', ['close_date']),
        ],
        'net_revenue_retention': [
            ('opportunity', ['account_id']), ('opportunity', ['amount']), ('opportunity', ['is_won']),
            ('opportunity', ['close_date']), ('opportunity', ['type']),
        ],
    } -%}
    {%- for table, alternatives in columns.get(kpi, []) -%}
        {%- set found = [] -%}
        {%- for name in alternatives -%}
            {%- set field = customer.sources.salesforce.get('fields', {}).get(name, name) -%}
            {%- do found.append(name) if landed_column(customer, 'salesforce', table, field) -%}
        {%- endfor -%}
        {%- if not found -%}
            {{- return('not_mapped') -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}


{% macro servicenow_gap(customer, kpi) %}
    {%- if not landed_table(customer, 'servicenow', 'incident') -%}
        {{- return('not_synced') -}}
    {%- elif not incident_column(customer, 'opened_at') -%}
        {#- Class tables keep it in `task`. -#}
        {{- return('not_mapped' if landed_table(customer, 'servicenow', 'task') else 'not_synced') -}}
    {%- elif not links_incidents(customer) -%}
        {{- return('not_mapped') -}}
    {%- endif -%}
    {%- set resolution = incident_column(customer, 'resolved_at') or incident_column(customer, 'closed_at') -%}
    {%- set present = {
        'first_response_time': incident_field(customer, 'first_responded_at'),
        'resolution_time': resolution,
        'support_satisfaction': resolution and incident_field(customer, 'satisfaction_rating'),
    } -%}
    {{- return(none if present.get(kpi, true) else 'not_mapped') -}}
{% endmacro %}


{% macro incident_column(customer, name) %}
    {{- return(
        landed_column(customer, 'servicenow', 'incident', name) or landed_column(customer, 'servicenow', 'task', name) or none
    ) -}}
{% endmacro %}


{% macro incident_field(customer, field) %}
    {{- return(incident_column(customer, mapped_field(customer, 'servicenow', field))) -}}
{% endmacro %}


{% macro links_incidents(customer) %}
    {#- Whether incidents can name an account: by the mapped field in either form, or by their company. -#}
    {%- set field = mapped_field(customer, 'servicenow', 'customer_account_id') -%}
    {%- set by_field = field and (incident_column(customer, field) or incident_column(customer, field ~ '_value')) -%}
    {%- set by_company = incident_column(customer, 'company_value')
        and landed_column(customer, 'servicenow', 'core_company', 'name')
        and landed_column(customer, 'salesforce', 'account', 'name') -%}
    {{- return(true if by_field or by_company else false) -}}
{% endmacro %}


{% macro customer_rows() %}
    {#- One row per customer, in the order of int_customer's columns. -#}
    {%- set rows = [] -%}
    {%- set known = {} -%}
    {%- for customer in batch_customers() -%}
        {%- set weights = customer.get('health_weights', {}) -%}
        {%- set layout = customer.get('layout') or customer.key -%}
        {%- if layout not in known -%}
            {%- do known.update({layout: [salesforce_presence(customer), servicenow_presence(customer)]}) -%}
        {%- endif -%}
        {%- do rows.append(
            [customer.key] + known[layout][0] + [customer.get('sla_source', 'auto')] + known[layout][1] + [
                weights.get('relationship', 0.4),
                weights.get('adoption', 0.3),
                weights.get('business_outcomes', 0.3),
                weights.get('support', 0),
            ]
        ) -%}
    {%- endfor -%}
    {{- return(rows) -}}
{% endmacro %}


{% macro salesforce_presence(customer) %}
    {#- What of the optional Salesforce columns is there: has_account_type, has_engagement_field. -#}
    {{- return([
        landed_column(customer, 'salesforce', 'account', 'type') is not none,
        landed_column(customer, 'salesforce', 'account', mapped_field(customer, 'salesforce', 'executive_engagement')) is not none,
    ]) -}}
{% endmacro %}


{% macro servicenow_presence(customer) %}
    {#- What of the optional ServiceNow tables and columns is there, in the order of int_customer's columns. -#}
    {{- return([
        landed_table(customer, 'servicenow', 'task_sla') is not none,
        incident_column(customer, 'sla_due') is not none,
        incident_column(customer, 'made_sla') is not none,
        landed_table(customer, 'servicenow', 'contract_sla') is not none,
        landed_column(customer, 'servicenow', 'contract_sla', 'target') is not none,
        landed_column(customer, 'servicenow', 'contract_sla', 'type') is not none,
        incident_column(customer, 'priority') is not none,
        incident_column(customer, 'escalation') is not none,
        incident_column(customer, 'reopen_count') is not none,
        incident_column(customer, 'reassignment_count') is not none,
    ]) -}}
{% endmacro %}


{% macro recurring_types() %}
    {#- `customers`: customer and number of its lists; `lists`: one row per lists and opportunity type that recurs,
        with whether it retains (renewal, expansion). -#}
    {%- set numbers = {} -%}
    {%- set customers = [] -%}
    {%- set lists = [] -%}
    {%- for customer in batch_customers() -%}
        {%- set types_by_group = customer.get('nrr_types') or default_nrr_types() -%}
        {%- set stated = tojson(types_by_group, sort_keys=true) -%}
        {%- if stated not in numbers -%}
            {%- do numbers.update({stated: numbers | length}) -%}
            {%- set retains = {} -%}
            {%- for group, types in types_by_group.items() -%}
                {%- for type in types -%}
                    {%- set name = type | lower -%}
                    {%- do retains.update({name: retains.get(name, false) or group != 'new_business'}) -%}
                {%- endfor -%}
            {%- endfor -%}
            {%- for type, retained in retains.items() -%}
                {%- do lists.append([numbers[stated], type, retained]) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do customers.append([customer.key, numbers[stated]]) -%}
    {%- endfor -%}
    {{- return({'customers': customers, 'lists': lists}) -}}
{% endmacro %}


{% macro default_nrr_types() %}
    {{- return({
        'new_business': ['New Business', 'New Customer'],
        'renewal': ['Renewal', 'Existing Customer - Replacement'],
        'expansion': ['Upsell', 'Cross-sell', 'Expansion', 'Existing Customer - Upgrade', 'Existing Business'],
    }) -}}
{% endmacro %}
