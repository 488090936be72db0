with

customers as (
    {{ literal_rows({'customer_id': 'string', 'churn_list': 'integer'}, customer_rows()) }}
),

lists as (
    {{ literal_rows(
        {
            'churn_list': 'integer', 'factor': 'string', 'weight': 'integer', 'factor_limit': 'float',
            'since': 'timestamp', 'window_days': 'integer',
        },
        churn_rule_rows(),
    ) }}
),

final as (
    select
        customers.customer_id,
        lists.factor,
        lists.weight,
        lists.factor_limit,
        lists.since,
        lists.window_days
    from customers
    inner join lists on customers.churn_list = lists.churn_list
)

select * from final
