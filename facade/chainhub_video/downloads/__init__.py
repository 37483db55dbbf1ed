"""The part file that a download grows in, and the check that it is a whole MP4.

May import `errors`.
"""
