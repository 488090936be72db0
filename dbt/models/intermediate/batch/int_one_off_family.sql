{{ literal_rows({'customer_id': 'string', 'family': 'string'}, var('one_off_families', [])) }}
