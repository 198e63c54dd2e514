"""What an endpoint or a page costs beside its floor: a function with psycopg that answers the same."""
