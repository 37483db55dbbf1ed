"""Serve an assistant's tools over the Model Context Protocol (extra `mcp`): one folder, and a limit of paid creates.

Only `server` knows the protocol's SDK.
"""
