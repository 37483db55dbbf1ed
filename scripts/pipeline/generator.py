"""Runs openapi-python-client with more names reserved: `python -m pipeline.generator`.

Its templates have locals and members of their own, and a property of the same name would overwrite
them: `cls` the class that is being made, `d` the fields not yet read. Reserved like a keyword, such
a name gets an underscore in Python (`cls_`), and stays what it is on the wire.
"""

from openapi_python_client import strings

LOCALS = {
    # of models
    "additional_keys", "additional_properties", "cls", "d", "field_dict", "files",
    "from_dict", "json", "prop", "prop_dict", "prop_name", "src_dict", "to_dict", "to_multipart",
    # of operations
    "cookies", "headers", "k", "kwargs", "params", "response", "v",
    # of both: what the modules import
    "cast", "errors", "httpx", "isoparse", "quote", "types",
}  # fmt: skip


def reserve() -> None:
    """Add the names to those that the generator does not use as they are."""
    strings.RESERVED_WORDS |= LOCALS


if __name__ == "__main__":
    from openapi_python_client.cli import app

    reserve()
    app()
