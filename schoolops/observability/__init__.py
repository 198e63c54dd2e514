"""What operators see: request ids, one access line per request, and (later) metrics and alerts."""
