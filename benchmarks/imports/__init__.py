"""How fast a roster comes in, and in how much memory."""
