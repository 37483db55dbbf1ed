"""Many videos on one machine: a manifest of rows, each made once, under a receipt of its own.

May import everything of the client but its front and the command line; nothing of any extra.
"""
