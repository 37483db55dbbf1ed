"""The regeneration pipeline: from the vendor's pages to one OpenAPI document and its client.

One module a step, in this order:

    page      take the YAML out of the Markdown
    repair    make text that is not YAML into YAML, keeping every character of each value
    parse     YAML 1.2 into plain data that remembers where each entry was written
    shape     is it built like OpenAPI, as far as the next steps reach into it
    clean     what OpenAPI says is ignored, stray blanks, types that do not exist
    merge     all documents into one; a conflict is an error that names both places
    overlay   the corrections of ``openapi/overlay.yaml``, each with its reason
    lift      inline schemas become named components, operations get ids
    validate  the result against OpenAPI 3.0, its examples against their schemas
    render    the result as text, the same bytes for the same input
    generate  the client package, by openapi-python-client
    lock      what everything was built from

``build`` runs the row, ``publish`` compares the result with the tree or writes it, all or nothing.
The overlay runs before the lift so that its targets name places as the vendor wrote them, and so
that the operation ids it sets are there when the lift derives component names from them.
"""
