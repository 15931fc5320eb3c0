"""What runs inside the workspace's own container, where there may be nothing but our Python and this code."""
