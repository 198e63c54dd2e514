"""Money: the books of each campus, what families are asked for, and what they paid."""
