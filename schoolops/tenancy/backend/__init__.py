"""The database engine of the web login: every cursor stands in one school, under that school's role."""
