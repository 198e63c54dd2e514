"""The queues against plain Celery: same broker, same pool, same effect, PostgreSQL and relay on the same cores."""
