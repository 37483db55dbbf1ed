"""The caller's pictures: opened, brought to the video's pixels, and carried as a wire format takes them.

May import `errors`, `io`, and the opening of links in `downloads.links`.
"""
