{{ literal_rows(
    {
        'customer_id': 'string',
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
    },
    kpi_setting_rows(),
) }}
