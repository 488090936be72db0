{% macro health_inputs() %}
    {#- The inputs of the health score: their category, and their weight inside it. -#}
    {{- return({
        'nps': ('relationship', 0.3),
        'csat': ('relationship', 0.3),
        'executive_engagement': ('relationship', 0.4),
        'adoption_index': ('adoption', 0.5),
        'activation': ('adoption', 0.3),
        'feature_usage': ('adoption', 0.2),
        'revenue_growth': ('business_outcomes', 0.4),
        'net_revenue_retention': ('business_outcomes', 0.4),
        'churn_risk': ('business_outcomes', 0.2),
        'sla_compliance': ('support', 0.4),
        'support_satisfaction': ('support', 0.3),
        'first_response_time': ('support', 0.15),
        'resolution_time': ('support', 0.15),
    }) -}}
{% endmacro %}
