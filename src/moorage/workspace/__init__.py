"""The loop that brings a workspace about, and what one does with a workspace that is there."""
