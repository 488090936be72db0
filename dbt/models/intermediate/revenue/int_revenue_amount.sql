with

-- Bookings of the customers that measure revenue by them, and lines of the others.
amounts as (
    select * from {{ ref('int_won_amount') }}
    {%- if batch_has_ledger() %}
    union all
    select * from {{ ref('int_ledger_amount') }}
    {%- endif %}
)

select * from amounts
