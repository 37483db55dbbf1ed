"""All logic between the public calls and the wire: coroutines that await an `IO` and nothing else.

May import every package but `drivers`; no HTTP library, no event loop, no clock.
"""
