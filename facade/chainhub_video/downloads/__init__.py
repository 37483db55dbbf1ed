"""Downloads: where a video is, the part file that it grows in, and whether it is a whole MP4.

May import `task`, `errors`, `io`, `wire`, and the looking at a task in `flows.wait`.
"""
