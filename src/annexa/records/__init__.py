"""The tables: one Django app, a module per noun."""
