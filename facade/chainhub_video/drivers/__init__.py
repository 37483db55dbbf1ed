"""The two modules that send, sleep and read the clock: one blocking, one for asyncio."""
