"""Secrets as they look, to be planted where none may survive. None of them opens anything."""

from __future__ import annotations

import base64
import hashlib

HMAC = hashlib.sha256(b"nobody's").hexdigest()
SIGNATURE = base64.b64encode(hashlib.sha256(b"nobody's").digest()).decode()
_SAFE = base64.urlsafe_b64encode(hashlib.sha256(b"nobody's").digest()).decode().rstrip("=")

PLANTED = {
    "a token of 24 characters": "q7Xw2LmZ9pKc4TdR8vNb3HsY",
    "an urlsafe token": _SAFE[:24],
    "24 hex digits": HMAC[:24],
    "24 small letters": "qzkvwjxhbtrmplcdnsgfyqzk",
    "a key": "sk-proj-Ab3dEf9hIj2kLmNo",
    "a short key": "sk-a1b2c3d4",
    "an AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "a JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9." + _SAFE,
    "a bearer": "Bearer abc123-short",
    "a UUID": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "an S3 link": "https://b.s3.amazonaws.com/a.mp4?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20251109%2Fus-east-1"
    f"%2Fs3%2Faws4_request&X-Amz-Signature={HMAC}",
    "a GCS link": f"https://storage.googleapis.com/b/a.mp4?GoogleAccessId=x@y.iam.gserviceaccount.com&Signature={SIGNATURE}",
    "an OSS link": "https://b.oss-cn-beijing.aliyuncs.com/a.mp4?OSSAccessKeyId=LTAI5tExample&Expires=1"
    f"&Signature={SIGNATURE[:28]}",
    "a TOS link": f"https://b.tos-cn-beijing.volces.com/a.mp4?X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Signature={HMAC}",
    "a short signature": "https://example.com/a.mp4?sig=abc123",
    "a cookie": "session=8c1f; Path=/",
    "an e-mail address": "jane.doe@mail.example-company.cn",
    "an address of a machine": "203.0.113.7",
    "a request id": "refused (request id: 20251109123456789AbC)",
    "an account": "user 4815162342 has no quota",
}  # fmt: skip
