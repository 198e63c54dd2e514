"""What pages load to show alerts."""
