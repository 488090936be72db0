{{ config(severity='warn') }}
-- Texts in the fields that a customer mapped which are no number or no time: they read as NULL.
-- depends_on: {{ ref('stg_salesforce__account') }}
-- depends_on: {{ ref('stg_salesforce__case') }}
-- depends_on: {{ ref('stg_servicenow__incident') }}
{{ unreadable_values() }}
