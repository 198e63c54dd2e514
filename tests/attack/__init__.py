"""The running stack, tried as an attacker would: steps by hand, generated requests, and files that unfold."""
