"""A process that runs jobs: its runner, deadlines and journal, and what becomes of each job."""
