"""The same database tests on PostgreSQL, and what only a server with many clients can show."""
