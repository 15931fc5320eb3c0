"""Archives of strangers: read with limits, and taken out without trust in anything that they say."""
