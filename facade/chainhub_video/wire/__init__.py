"""How the gateway is spoken to: one module a wire format, and how its answers and errors are read.

May import the generated client, and of this package `task`, `errors`, `models`, `request`, `io` and `images.pictures`.
"""
