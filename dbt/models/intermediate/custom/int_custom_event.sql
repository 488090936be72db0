-- depends_on: {{ ref('int_salesforce_account') }}
-- depends_on: {{ ref('stg_salesforce__contact') }}
-- depends_on: {{ ref('int_incident') }}
{%- set columns -%}
    customer_rows.event_time,
    customer_rows.in_numerator,
    customer_rows.numerator_number,
    customer_rows.numerator_text,
    customer_rows.in_denominator,
    customer_rows.denominator_number,
    customer_rows.denominator_text
{%- endset -%}
{%- set selects = [] -%}

{%- if custom_kpis_of('salesforce') -%}
    {%- set from_salesforce %}
select
    customer_rows.customer_id,
    accounts.account_key,
    customer_rows.kpi,
    customer_rows.source_table,
    customer_rows.source_id,
    {{ columns }},
    case
        when not customer_rows.is_live then 'deleted'
        when accounts.account_key is null then 'no account'
        else accounts.left_out_reason
    end as left_out_reason
from (
    {{ custom_rows('salesforce') }}
) as customer_rows
left join {{ ref('stg_salesforce__contact') }} as contacts
    on
        customer_rows.customer_id = contacts.customer_id
        and customer_rows.account_id is null
        and contacts.is_live
        and {{ salesforce_key('customer_rows.who_id') }} = contacts.id_key
left join {{ ref('int_salesforce_account') }} as accounts
    on
        customer_rows.customer_id = accounts.customer_id
        and case
            when customer_rows.source_table = 'salesforce.account' then customer_rows.id_key
            else {{ salesforce_key('coalesce(customer_rows.account_id, contacts.account_id)') }}
        end = accounts.account_key
    {%- endset -%}
    {%- do selects.append(from_salesforce) -%}
{%- endif -%}

{%- if custom_kpis_of('servicenow') -%}
    {%- set from_servicenow %}
select
    customer_rows.customer_id,
    incidents.account_key,
    customer_rows.kpi,
    customer_rows.source_table,
    customer_rows.source_id,
    {{ columns }},
    incidents.left_out_reason
from (
    {{ custom_rows('servicenow') }}
) as customer_rows
inner join {{ ref('int_incident') }} as incidents
    on
        customer_rows.customer_id = incidents.customer_id
        and customer_rows.id_key = incidents.sys_id
    {%- endset -%}
    {%- do selects.append(from_servicenow) -%}
{%- endif %}

{%- if selects %}
{{ selects | join('\nunion all\n') }}
{%- else %}
select
    {%- for name, type in {
        'customer_id': 'string', 'account_key': 'string', 'kpi': 'string', 'source_table': 'string',
        'source_id': 'string', 'event_time': 'timestamp', 'in_numerator': 'boolean', 'numerator_number': 'exact',
        'numerator_text': 'string', 'in_denominator': 'boolean', 'denominator_number': 'exact',
        'denominator_text': 'string', 'left_out_reason': 'string',
    }.items() %}
    {{ literal(none, type) }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (select 1 as nothing) as nothing
where false
{%- endif %}
