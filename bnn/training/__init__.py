"""Training, its run folder, and what is compared at its end."""
