"""Cassettes: record and replay scenarios (scripts/record), and hold recordings against the document (scripts/contract).

Imports go one way. `interactions`, `multipart` and `cassette` are the files. `secrecy`, `media`, `stand_ins`, `scrub`
and `scan` keep secrets out of them. `steps`, `scenarios`, `match`, `play`, `gateways` and `record` make and replay
them. `document`, `values`, `bodies`, `explain`, `judge`, `observe` and `findings` hold them against the document.
Only the commands, `record_command` and `contract_command`, know both halves.
"""
