"""The frozen data that crosses seams; nothing here does anything."""
