"""`moorage devcontainer`: the reference CLI's command line, one file a command."""
