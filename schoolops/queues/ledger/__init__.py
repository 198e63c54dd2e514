"""What stands in the database: enqueueing, the statements, once keys, what is forgotten."""
