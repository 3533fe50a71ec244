"""Why a request is not served, as the protocol tells it. Knows no request."""

from __future__ import annotations

from pygls.exceptions import JsonRpcException

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, NOT_INITIALIZED, REQUEST_FAILED, CANCELLED, SERVER_CANCELLED = -32603, -32002, -32803, -32800, -32802


class Refused(JsonRpcException):
    """The answer to a request that cannot be served; `message` is for the user."""

    def __init__(self, message: str, code: int = REQUEST_FAILED) -> None:
        super().__init__(message, code)
