"""Where people stand: dead letters, what a school may ask about its jobs, how the queues are."""
