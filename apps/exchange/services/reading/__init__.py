"""Strangers' files, read row by row: what cannot be a roster is refused before anything is unpacked."""
