"""Where workspaces run: the contract (`base`) and one package per driver."""
