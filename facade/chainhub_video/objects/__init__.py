"""Videos and receipts in buckets: what an `s3://`, `gs://` or `az://` output needs. Imported only for such an output.

May import `receipts` and what is below it. Only `bucket` knows obstore, the extra `cloud`.
"""
