"""What a school does. Nothing here names a vendor of queues, caches or metrics."""
