-- Source tables of a customer whose newest row was synced more than a day before as_of.
{%- if not execute %}
    {%- do ref('kpi_accounts') %}
{%- endif %}
{{ old_sources() }}
