"""Serve an assistant's tools over the Model Context Protocol (extra `mcp`): one folder, and a limit of paid creates.

May import every room but `cli` and `testing`; `server` and `tools` alone know the protocol's SDK.
"""
