{{ literal_rows(
    {'customer_id': 'string', 'opportunity_type': 'string', 'is_retained': 'boolean'},
    recurring_type_rows(),
) }}
