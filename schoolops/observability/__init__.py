"""What operators see: request ids, one access line per request, metrics, percentiles and alerts."""
