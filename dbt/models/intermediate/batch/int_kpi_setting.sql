with

customers as (
    {{ literal_rows({'customer_id': 'string', 'kpi_profile': 'integer'}, customer_rows()) }}
),

profiles as (
    {{ literal_rows(dict(kpi_setting_columns(), kpi_profile='integer'), kpi_setting_rows()) }}
),

final as (
    select
        customers.customer_id,
        {{ kpi_setting_names('profiles') }}
    from customers
    inner join profiles on customers.kpi_profile = profiles.kpi_profile
)

select * from final
