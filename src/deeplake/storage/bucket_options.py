"""`storage_options` of buckets: their names, and what the client library calls them.

Pure mapping; opens nothing. Unknown names are refused: a misspelt credential that is silently
dropped turns into a puzzling denial later.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from deeplake.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRIES_MAX = 8
"""Tries after the first, 0.1 s apart and doubling: 429 and 5xx usually pass within seconds."""

RETRY_S_MAX = 60.0
"""Longest time spent on one request with its retries; the client's own 180 s looks like a hang."""

_CLIENT = {
    "allow_http": "allow_http",
    "allow_invalid_certificates": "allow_invalid_certificates",
    "connect_timeout": "connect_timeout",
    "proxy_url": "proxy_url",
    "timeout": "timeout",
}
_RETRY = ("max_retries", "retry_timeout")
_SECONDS = ("connect_timeout", "timeout")

_S3 = {
    "access_key_id": "access_key_id",
    "endpoint": "endpoint",
    "region": "region",
    "role_arn": "role_arn",
    "secret_access_key": "secret_access_key",
    "session_token": "session_token",
    "skip_signature": "skip_signature",
    "virtual_hosted_style_request": "virtual_hosted_style_request",
    # as boto3 and the AWS command line spell them
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
    "endpoint_url": "endpoint",
    "region_name": "region",
}
_GS = {
    "application_credentials": "application_credentials",
    "endpoint": "base_url",
    "service_account": "service_account",
    "service_account_key": "service_account_key",
    "skip_signature": "skip_signature",
    "token": "bearer_token",
}
_AZ = {
    "account_key": "account_key",
    "account_name": "account_name",
    "client_id": "client_id",
    "client_secret": "client_secret",
    "endpoint": "endpoint",
    "sas_token": "sas_key",
    "skip_signature": "skip_signature",
    "tenant_id": "tenant_id",
    "token": "token",
    "use_azure_cli": "use_azure_cli",
    "use_emulator": "use_emulator",
}
NAMES = {"s3": _S3, "gs": _GS, "az": _AZ}


_ENDPOINT_VARIABLES = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
"""Where the client itself looks for an endpoint, first one first."""


class BucketOptions(NamedTuple):
    """What the client library takes: `config` of the service, `client`, and `retry` limits."""

    config: dict[str, Any]
    client: dict[str, Any]
    retry: dict[str, Any]


def parse(scheme: str, options: Mapping[str, object]) -> BucketOptions:
    """Sort the options of an `s3`, `gs` or `az` URL; times are in seconds.

    Raises:
        InputError: an unknown option, with the nearest known one, or a time that is none.

    >>> parse("s3", {"endpoint": "http://127.0.0.1:9000"}).client
    {'allow_http': True}
    >>> parse("s3", {"timeout": 5}).client
    {'timeout': '5000ms'}
    """
    names = NAMES[scheme]
    config: dict[str, Any] = {}
    client: dict[str, Any] = {}
    retry: dict[str, Any] = {"max_retries": RETRIES_MAX, "retry_timeout": RETRY_S_MAX}
    for name, value in options.items():
        if value is None:
            continue
        if name in names:
            config[names[name]] = value if isinstance(value, bool) else str(value)
        elif name in _SECONDS:
            client[name] = f"{round(_number(name, value) * 1_000)}ms"
        elif name in _CLIENT:
            client[name] = value
        elif name in _RETRY:
            retry[name] = _number(name, value)
        else:
            known = sorted({*names, *_CLIENT, *_RETRY})
            raise InputError(
                f"{scheme}:// has no storage option {name!r}.", hint=did_you_mean(name, known)
            )
    endpoint = config.get("endpoint") or config.get("base_url") or _endpoint_of_environment(scheme)
    if endpoint.startswith("http://"):
        client.setdefault("allow_http", True)  # whoever writes http:// has allowed it
    return BucketOptions(config, client, retry)


def _endpoint_of_environment(scheme: str) -> str:
    found = (os.environ.get(name) for name in _ENDPOINT_VARIABLES[scheme])
    return next(filter(None, found), "")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise InputError(f"Storage option {name!r} is {value!r}, not a number of at least 0.")
    return float(value)
