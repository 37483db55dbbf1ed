"""Receipts: what was asked and paid for, kept beside the output so that it is never lost and never paid twice.

May import `downloads`, for syncing folders, and `errors`, `io` and `task`.
"""
