"""Two servers of PostgreSQL, and schools on each."""
