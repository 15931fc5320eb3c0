"""Decides, from facts alone, what brings a workspace to its configuration (design promise 1).

request, facts → plan (`plan(request, facts)`), which asks questions or gives steps. Import the modules
themselves; nothing is loaded here, so that a command that plans nothing does not pay for it.
"""
