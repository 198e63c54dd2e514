"""Whether this process lives and the installation can serve: answered before any school or login is looked at."""
