"""What a view declares: tables, keys, fields and their public domains."""
