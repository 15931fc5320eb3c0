"""Answers the planner's questions by looking, one file per kind; nothing here writes outside its cache."""
