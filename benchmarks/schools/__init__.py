"""What many schools on one database cost one of them."""
