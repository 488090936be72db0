with

customers as (
    {{ literal_rows({'customer_id': 'string', 'kpi_profile': 'integer'}, customer_rows()) }}
),

profiles as (
    {{ literal_rows(
        {
            'kpi_profile': 'integer',
            'kpi': 'string',
            'source': 'string',
            'scale': 'float',
            'minimum': 'float',
            'maximum': 'float',
            'prior_window_start': 'timestamp',
            'prior_window_end': 'timestamp',
            'window_start': 'timestamp',
            'window_end': 'timestamp',
            'gap': 'string',
            'is_stale': 'boolean',
            'lowest_rating': 'integer',
            'highest_rating': 'integer',
            'max_outside': 'float',
        },
        kpi_setting_rows(),
    ) }}
),

final as (
    select
        customers.customer_id,
        profiles.kpi,
        profiles.source,
        profiles.scale,
        profiles.minimum,
        profiles.maximum,
        profiles.prior_window_start,
        profiles.prior_window_end,
        profiles.window_start,
        profiles.window_end,
        profiles.gap,
        profiles.is_stale,
        profiles.lowest_rating,
        profiles.highest_rating,
        profiles.max_outside
    from customers
    inner join profiles on customers.kpi_profile = profiles.kpi_profile
)

select * from final
