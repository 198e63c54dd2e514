"""What guardians and students see of the school: pages of their own, on a phone."""
