"""Galleries: one page over a folder of videos and their receipts.

May import `downloads`, `errors`, `receipts` and `text`. PyAV (extra `gallery`) makes the posters, in a process of
its own.
"""
