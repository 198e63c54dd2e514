"""What operators see, outside all schools."""
