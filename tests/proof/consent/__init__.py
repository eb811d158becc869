"""What is claimed about consent that comes in at once."""
