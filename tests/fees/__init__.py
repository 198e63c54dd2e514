"""A term's money on the running stack, over HTTP, counted by SQL that shares nothing with what writes it."""
