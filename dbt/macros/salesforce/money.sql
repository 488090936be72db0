{% macro currency_code(code) -%}
    {#- A currency's code as it is compared: trimmed, in capitals; NULL for a blank one. -#}
    {{- return('upper(' ~ not_blank(code) ~ ')') -}}
{%- endmacro %}


{% macro batch_has_currencies() -%}
    {#- Whether a customer of the batch has amounts in currencies, or wants them in one: else nothing is joined to find
        that there is nothing to convert. True while dbt parses. -#}
    {{- return(var('has_currencies', not execute)) -}}
{%- endmacro %}


{% macro batch_has_ledger() -%}
    {#- Whether a customer of the batch may measure recurring revenue from more than bookings. True while dbt parses. -#}
    {{- return(var('has_ledger', not execute)) -}}
{%- endmacro %}


{% macro is_target_currency(currency) -%}
    {#- Whether an amount needs no rate: its currency is the one that is converted into. Reads customers, and
        own_rates and target_rates (int_currency_rate), NULL if there is none. -#}
    coalesce(
            {{ currency }} = customers.target_currency
            or (
                ({{ currency }} is null or own_rates.is_corporate)
                and (customers.target_currency is null or target_rates.is_corporate)
            ),
            false
        )
{%- endmacro %}


{% macro converted(amount, currency) -%}
    {#- An amount in the target currency, as float; NULL without a rate. The corporate currency has the rate 1. Reads
        what is_target_currency reads. -#}
    (
            cast({{ amount }} as {{ canonical_type('float') }})
            / case when {{ currency }} is null then 1 else cast(own_rates.rate as {{ canonical_type('float') }}) end
            * case
                when customers.target_currency is null then 1
                else cast(target_rates.rate as {{ canonical_type('float') }})
            end
        )
{%- endmacro %}


{% macro in_target(amount, currency) -%}
    {#- An amount, exact, in the currency that it counts in. Reads what is_target_currency reads. -#}
    case
            when not customers.converts_money or {{ is_target_currency(currency) }} then {{ amount }}
            else {{ number_as_exact(converted(amount, currency)) }}
        end
{%- endmacro %}


{% macro has_rate(currency) -%}
    {#- Whether amounts in a currency can be brought into the one that they count in. Reads what is_target_currency reads. -#}
    not customers.converts_money
        or {{ is_target_currency(currency) }}
        or (
            ({{ currency }} is null or own_rates.rate is not null)
            and (customers.target_currency is null or target_rates.rate is not null)
        )
{%- endmacro %}


{% macro rates_at(rows, currency, time) -%}
    {#- The joins of int_currency_rate, as `rates`, that is_target_currency reads; rates are those of `time` or of as_of. -#}
    left join rates as own_rates
        on
            {{ rows }}.customer_id = own_rates.customer_id
            and {{ currency }} = own_rates.currency
            and own_rates.rate_time = case when customers.uses_dated_rates then {{ time }} else {{ as_of('customers') }} end
    left join rates as target_rates
        on
            {{ rows }}.customer_id = target_rates.customer_id
            and customers.target_currency = target_rates.currency
            and target_rates.rate_time = case when customers.uses_dated_rates then {{ time }} else {{ as_of('customers') }} end
{%- endmacro %}
