"""What the queries that were asked for read, at schools with a year of rolls."""
