"""COPY and ADD: from the expanded words of an instruction to files below a root, as BuildKit has it.

`face` says what is asked for, `copy` does it: `select` decides which files that is, `place` where they go,
`write` puts them there; `link` does --link, `archive` what ADD unpacks, `fetch` and `repository` what it
downloads.
"""
