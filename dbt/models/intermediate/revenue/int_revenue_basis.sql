with

customers as (
    select * from {{ ref('int_customer') }}
),
{%- if batch_has_ledger() %}

-- Decided over all live rows, whatever as_of and account.
{%- set terms = ['opportunity_arr', 'opportunity_start_date', 'opportunity_end_date', 'opportunity_term_months'] %}
with_terms as (
    select distinct opportunities.customer_id
    from {{ ref('stg_salesforce__opportunity') }} as opportunities
    inner join {{ ref('int_recurring_type') }} as recurring_types
        on
            opportunities.customer_id = recurring_types.customer_id
            and lower({{ not_blank('opportunities.opportunity_type') }}) = recurring_types.opportunity_type
    left join {{ ref('stg_salesforce__contract') }} as contracts
        on
            opportunities.customer_id = contracts.customer_id
            and {{ salesforce_key(not_blank('opportunities.contract_id')) }} = contracts.id_key
            and contracts.is_live
            and (contracts.start_date is not null or contracts.start_date_unreadable is not null)
    where
        opportunities.is_live
        and opportunities.is_won
        and (
            contracts.id_key is not null
            {%- for name in terms %}
            or opportunities.{{ name }} is not null
            or opportunities.{{ name }}_unreadable is not null
            {%- endfor %}
        )
),

with_periods as (
    select distinct customer_id
    from {{ ref('stg_salesforce__asset_state_period') }}
    where is_live and (mrr is not null or mrr_unreadable is not null)
),

final as (
    select
        customers.customer_id,
        case
            when customers.basis_setting <> 'auto' then customers.basis_setting
            when with_periods.customer_id is not null then 'asset_periods'
            when with_terms.customer_id is not null then 'contract_terms'
            else 'bookings'
        end as revenue_basis
    from customers
    left join with_periods on customers.customer_id = with_periods.customer_id
    left join with_terms on customers.customer_id = with_terms.customer_id
)
{%- else %}

final as (
    select
        customer_id,
        'bookings' as revenue_basis
    from customers
)
{%- endif %}

select * from final
