"""The database engine of the provisioning login: stands in one school's schema, as its owner."""
