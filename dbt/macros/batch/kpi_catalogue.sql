{% macro kpi_catalogue() %}
    {#- Made of domain/kpis.py by `make reference`. -#}
    {{- return([
        {'slug': 'nps', 'source': 'salesforce', 'column': 'nps'},
        {'slug': 'csat', 'source': 'salesforce', 'column': 'csat'},
        {'slug': 'executive_engagement', 'source': 'salesforce', 'column': 'executive_engagement_score'},
        {'slug': 'adoption_index', 'source': 'salesforce', 'column': 'adoption_index'},
        {'slug': 'support_ticket_volume', 'source': 'servicenow', 'column': 'support_ticket_volume'},
        {'slug': 'sla_compliance', 'source': 'servicenow', 'column': 'sla_compliance_percent'},
        {'slug': 'first_response_time', 'source': 'servicenow', 'column': 'first_response_time_hours'},
        {'slug': 'resolution_time', 'source': 'servicenow', 'column': 'resolution_time_hours'},
        {'slug': 'support_satisfaction', 'source': 'servicenow', 'column': 'support_satisfaction'},
        {'slug': 'revenue_growth', 'source': 'salesforce', 'column': 'revenue_growth_percent'},
        {'slug': 'net_revenue_retention', 'source': 'salesforce', 'column': 'net_revenue_retention'},
        {'slug': 'churn_risk', 'source': 'salesforce', 'column': 'churn_risk'},
    ]) -}}
{% endmacro %}
