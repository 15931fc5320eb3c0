"""What decides an image: its identity, its key, and the words for why it has to be built again."""
