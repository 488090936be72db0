{{ literal_rows(
    {'customer_id': 'string', 'input': 'string', 'max_age_days': 'integer', 'oldest': 'timestamp'}, age_limit_rows()
) }}
