"""What can go wrong between two programs, on demand."""
