"""How often somebody may try: waits that grow with every failure, counted in Redis and, without it, in the process."""
