"""Measures the client against bare httpx and against a peer, interleaved, on one machine."""
