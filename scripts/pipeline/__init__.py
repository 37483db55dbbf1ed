"""The regeneration pipeline: from the vendor's pages to one OpenAPI document and its client.

The steps, in this order:

    page       take the YAML out of the Markdown
    repair     make text that is not YAML into YAML, keeping every character of each value (`layout`: which line
               holds which key and value; `scalar`: what one value means, and when it needs quotes)
    parse      YAML 1.2 into plain data that remembers where each entry was written (`tree`)
    walk       is it built like OpenAPI, as far as the next steps reach into it; and where its parts are
    clean      what OpenAPI says is ignored, stray blanks, types that do not exist
    merge      all documents into one; a conflict is an error, unless the union is asked for (`union`)
    answers    an enum and `nullable` say the same of null; what closes an answer is opened: enums, formats
    overlay    the corrections of ``openapi/overlay.yaml``, each with its reason
    audit      every example against its schema, before and after each correction
    lift       inline schemas become named components, operations get ids
    validate   the result against OpenAPI 3.0, and names that the generated code could not keep apart
    generate   the result as YAML, the same bytes for the same input; the client, by openapi-python-client
    roundtrip  every documented example through the generated code, there and back
    publish    what everything was built from; compares the result with the tree or writes it, all or nothing

``build`` runs the row, or only reads pages; ``delta`` and ``review`` tell what it would change for the users of the
client. The overlay runs before the lift so that its targets name places as the vendor wrote them, and so
that the operation ids it sets are there when the lift derives component names from them.
"""
