"""The wire formats, a module each, and how the gateway's answers and errors are read.

May import the generated client, and of this package `images`, `models`, `request`, `errors`, `io` and `task`.
"""
