"""Features in the plan: what is asked for, what is installed, and what is told of a container that stays."""
