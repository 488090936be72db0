{{ literal_rows(
    {
        'customer_id': 'string',
        'kpi': 'string',
        'source': 'string',
        'numerator_aggregate': 'string',
        'denominator_aggregate': 'string',
        'scale': 'float',
        'window_start': 'timestamp',
        'window_end': 'timestamp',
        'gap': 'string',
        'is_stale': 'boolean',
    },
    custom_setting_rows(),
) }}
