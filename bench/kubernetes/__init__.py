"""Side by side with kubectl on one cluster, in one run; ``python -m bench.kubernetes`` writes the table."""
