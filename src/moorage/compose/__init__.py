"""Docker Compose as a program: found by what it answers, run with argument lists.

`program.find` gives the `Program`, `process.run` runs it, `config.resolve` has it resolve a project.
"""
