"""One school out and back, and what it takes of time and memory as the school grows."""
