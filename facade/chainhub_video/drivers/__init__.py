"""The two implementations of `IO`, one blocking, one for asyncio: the only modules that send and sleep.

May import httpx, and of this package `settings`, `runtime`, `errors` and `io`.
"""
