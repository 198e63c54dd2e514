"""The filters that a person keeps above a list, each under a name of their own."""
