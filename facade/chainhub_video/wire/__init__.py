"""How the gateway is spoken to: one module a wire format, and how its answers and errors are read.

May import the generated client, and of this package `images`, `models`, `request`, `errors`, `io` and `task`.
"""
