"""A subject that the house does not have, all of it in this folder: clubs."""
