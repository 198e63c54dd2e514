"""``make notices``: what schools send while everything is killed, counted by those who received it."""
