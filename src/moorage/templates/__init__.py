"""What a platform team offers: sources and a driver's options behind typed parameters."""
