{{ literal_rows(customer_columns(), customer_rows()) }}
