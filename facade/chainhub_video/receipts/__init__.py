"""Receipts: what was asked and paid for, kept beside the output so that it is never lost and never paid twice.

May import `task`, `errors`, `request`, `io`, and the syncing of folders in `downloads.partfile`.
"""
