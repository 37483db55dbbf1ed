"""The command `scripts/contract`: holds recorded requests and answers against an OpenAPI document.

Rows of one module each: recordings (cassettes) and document (the promises) are read; gateway tells
which interactions are about which operation; judge finds what breaks a promise, with bodies and
values to read what was sent; observe notes what no promise forbids; findings tells all of it.
"""
