"""Build the documentation site, and check what was built. It imports nothing of the client."""
