"""Side by side with the reference CLI on one engine, in one run; ``python -m bench`` writes the tables."""
