-- Texts in the fields that a customer mapped which are no number or no time: they read as NULL.
{%- if not execute %}
    {%- do [ref('stg_salesforce__account'), ref('stg_salesforce__case'), ref('stg_servicenow__incident')] %}
{%- endif %}
{{ unreadable_values() }}
