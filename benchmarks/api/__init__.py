"""What our API costs over a bare Django view that runs the same SQL."""
