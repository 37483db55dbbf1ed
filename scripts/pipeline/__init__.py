"""The regeneration pipeline: from the vendor's pages to one OpenAPI document and its client.

One module a step, in this order:

    page      take the YAML out of the Markdown
    repair    make text that is not YAML into YAML, keeping every character of each value
    parse     YAML 1.2 into plain data that remembers where each entry was written
    shape     is it built like OpenAPI, as far as the next steps reach into it
    clean     what OpenAPI says is ignored, stray blanks, types that do not exist
    merge     all documents into one; a conflict is an error, unless the union is asked for
    enums     an enum and `nullable` say the same of null
    overlay   the corrections of ``openapi/overlay.yaml``, each with its reason
    audit     every example against its schema, before and after each correction
    answers   what closes an answer is opened: enums, formats that the generated code parses
    lift      inline schemas become named components, operations get ids
    validate  the result against OpenAPI 3.0
    guard     names that the generated code could not keep apart
    render    the result as text, the same bytes for the same input
    generate  the client package, by openapi-python-client
    roundtrip every documented example through the generated code, there and back
    lock      what everything was built from

``build`` runs the row, ``review`` tells what it would change for the users of the client, ``publish``
compares the result with the tree or writes it, all or nothing; ``inspection`` only reads pages.
The overlay runs before the lift so that its targets name places as the vendor wrote them, and so
that the operation ids it sets are there when the lift derives component names from them.
"""
