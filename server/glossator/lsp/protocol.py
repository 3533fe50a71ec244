"""JSON-RPC as the specification has it: every request with a readable id is answered once, whatever is wrong with it.

Builds on pygls' dispatch and replaces what fails there: bad parameters whose id was lost, messages before `initialize`
or after `shutdown`, tracebacks in answers, bodies in logs, the exit code, and pygls' own copy of the documents.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from cattrs import transform_error
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from ..answer.quoted import quoted
from ..engine import EngineError
from . import commands, convert
from .refused import (
    CANCELLED,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_INITIALIZED,
    PARSE_ERROR,
    REQUEST_FAILED,
    SERVER_CANCELLED,
    Refused,
)
from .transport import Broken

if TYPE_CHECKING:
    from .server import Server

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 512  # requests of the client's that are being worked on; more are refused at once
AS_SENT = {types.CODE_ACTION_RESOLVE}  # answered with the very parameters, so these stay as they came


class Protocol(LanguageServerProtocol):
    """The server's end of the conversation."""

    _server: Server

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self._begun = False  # `initialize` was answered
        self._asked: dict[
            Any, tuple[Future[Any], Any]
        ] = {}  # our own requests that wait for the client, and the result's type
        self.on_exit: Callable[[int], None] = lambda code: None

    # --- messages in ------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        """Take one message (parsed JSON, or what could not be parsed). Never raises."""
        try:
            self._take(message)
        except Exception as error:
            self._server.report(error, "a message")

    def _take(self, message: Any) -> None:
        if isinstance(message, Broken):
            log.warning("the client sent %s", message.reason)
            self._refuse(None, PARSE_ERROR, f"the server read {message.reason}")
        elif not isinstance(message, dict):
            self._refuse(None, INVALID_REQUEST, "a message is a JSON object")
        elif "method" in message:
            self._incoming(message)
        elif "id" in message and ("result" in message or "error" in message):
            self._answered(message)
        else:
            self._refuse(_identity(message), INVALID_REQUEST, "neither a request, a notification nor a response")

    def _incoming(self, message: dict[str, Any]) -> None:
        method, request = message["method"], "id" in message
        identity = _identity(message)
        wrong = None
        if not isinstance(method, str) or message.get("jsonrpc") != "2.0" or (request and identity is None):
            wrong = INVALID_REQUEST, "not a JSON-RPC 2.0 message"
        elif method == types.EXIT and not request:
            self._handle_notification(method, None)
            return
        elif self._shutdown:
            wrong = INVALID_REQUEST, "the server is shutting down"
        elif not self._begun and method != types.INITIALIZE:
            wrong = NOT_INITIALIZED, "the first request must be initialize"
        elif method == types.INITIALIZE and (self._begun or not request):
            wrong = INVALID_REQUEST, "initialize is asked once, as a request"
        elif request and method != types.SHUTDOWN and len(self._request_futures) >= MOST_IN_FLIGHT:
            wrong = SERVER_CANCELLED, "too many requests at once"
        if wrong:
            self._refuse(identity, *wrong, silent=not request)
            return
        try:
            params = self._params(method, message)
        except Exception as error:
            log.warning("%s: bad parameters (%s)", method, type(error).__name__)
            self._refuse(identity, INVALID_PARAMS, f"{method}: {_problem(error)}", silent=not request)
            return
        known = method in self.fm.builtin_features or method in self.fm.features
        known = known or (method == types.CANCEL_REQUEST and not request)
        if request and known:
            self._handle_request(identity, method, params)  # type: ignore[arg-type]  # not None: seen above
        elif known:
            self._handle_notification(method, params)
        elif request:
            self._refuse(identity, METHOD_NOT_FOUND, f"there is no method {method}")

    def _params(self, method: str, message: dict[str, Any]) -> Any:
        params = message.get("params")
        if params is not None and not isinstance(params, dict | list):
            raise TypeError("params must be an object")
        kind = self.get_message_type(method)
        if kind is None or method in AS_SENT:
            return params
        return self._converter.structure(message, kind).params

    def _answered(self, message: dict[str, Any]) -> None:
        identity = _identity(message)
        if identity is None or identity not in self._asked:
            log.warning("the client answered a request that was not made")
            return
        future, kind = self._asked.pop(identity)
        if future.done():
            return
        if "error" in message:
            error = message["error"] if isinstance(message["error"], dict) else {}
            future.set_exception(Refused(str(error.get("message", "")), INTERNAL_ERROR))
            return
        try:
            future.set_result(self._converter.structure(message, kind).result if kind else message["result"])
        except Exception as error:
            future.set_exception(Refused(f"the client's answer is malformed: {type(error).__name__}"))

    # --- messages out -----------------------------------------------------------------------------------------------

    def _refuse(self, identity: Any, code: int, message: str, *, silent: bool = False) -> None:
        """Answer with an error; `silent`: to a notification nothing is answered."""
        if not silent:
            error = {"code": code, "message": quoted(message)}  # clients show it to their users
            self._send_data({"jsonrpc": "2.0", "id": identity, "error": error})

    def _send_data(self, data: Any) -> None:
        """Send a message. Nobody is left waiting for one that cannot be written as JSON (a client's own value, nested
        too deep): a result becomes an error under its id, a request of ours fails."""
        try:
            body = json.dumps(data, default=self._serialize_message)
        except Exception as error:
            if isinstance(data, dict) or not hasattr(data, "result"):
                self._server.report(error, "a message to the client")
                if asked := self._request_futures.get(getattr(data, "id", "")):
                    asked.set_exception(Refused(f"the client cannot be asked ({type(error).__name__})"))
                return
            reason = {"code": REQUEST_FAILED, "message": f"the result cannot be sent ({type(error).__name__})"}
            body = json.dumps({"jsonrpc": "2.0", "id": data.id, "error": reason})
        if self.writer is not None:
            self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body.encode("ascii")))

    def send_request(self, method: str, params: Any = None, callback: Any = None, msg_id: Any = None) -> Future[Any]:
        """Ask the client. The future fails with `Refused` when the client does, or when it cannot be asked."""
        if msg_id is None:
            msg_id = f"glossator-{next(self._server.numbers)}"
        theirs = self._request_futures.get(msg_id)  # the ids of the client's requests are its own affair
        future = super().send_request(method, params, callback, msg_id)
        asked = self._request_futures.pop(msg_id), self._result_types.pop(msg_id)
        if not future.done():
            self._asked[msg_id] = asked
        if theirs is not None:
            self._request_futures[msg_id] = theirs
        return future

    def _execute_handler(self, msg_id: Any, handler: Any, callback: Any, args: Any = None, kwargs: Any = None) -> None:
        """Run a handler, and forget it when it is over: pygls keeps those of some notifications for ever."""
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.add_done_callback(lambda done: self._forget(msg_id, done))

    def _forget(self, msg_id: Any, done: Any) -> None:
        if self._request_futures.get(msg_id) is done:
            del self._request_futures[msg_id]

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            self._refuse(msg_id, CANCELLED, "cancelled")
            return
        error = future.exception()
        if error is None:
            self._send_response(msg_id, future.result())
        elif isinstance(error, JsonRpcException):
            self._refuse(msg_id, error.code, error.message)
        elif isinstance(error, EngineError):
            self._refuse(msg_id, REQUEST_FAILED, str(error))
        else:
            self._server.report(error, "a request")
            self._refuse(msg_id, INTERNAL_ERROR, f"internal error ({type(error).__name__}); the server's log has more")

    def _check_handler_result(self, future: Future[Any]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is not None and not isinstance(error, JsonRpcException):  # a refusal has nobody to go to
            self._server.report(error, "a notification")

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        if isinstance(msg_id, str | int) and (future := self._request_futures.get(msg_id)) is not None:
            future.cancel()

    # --- what pygls does by itself ----------------------------------------------------------------------------------

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Any:
        """Negotiate; only now are other requests served."""
        result = yield from super().lsp_initialize(params)
        self._begun = True
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]
        """Stop all work; what waits is answered as cancelled."""
        self._shutdown = True
        self._server.jobs.stop_all()
        for future in [*self._request_futures.values(), *(future for future, _ in self._asked.values())]:
            future.cancel()

    def on_end(self) -> None:
        """The client's end of the stream is closed: nobody will ask any more."""
        self.on_exit(0 if self._shutdown else 1)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """End the process, with 1 when the client did not say `shutdown` before."""
        self.on_end()

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take the document over."""
        item = params.text_document
        self._server.documents.open(
            item.uri, item.version, str(getattr(item.language_id, "value", item.language_id)), item.text
        )
        self._server.indexes.edited(item.uri)
        self._server.idle.touched(item.uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Follow the edits."""
        changes = [convert.change(event) for event in params.content_changes]
        self._server.documents.change(params.text_document.uri, params.text_document.version, changes)
        self._server.indexes.edited(params.text_document.uri)
        self._server.idle.touched(params.text_document.uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.idle.stop()
        self._server.documents.close(params.text_document.uri)
        self._server.trees.forget(params.text_document.uri)
        self._server.indexes.closed(params.text_document.uri)

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """Run a command of the table."""
        return await commands.execute(self._server, params.command, params.arguments, self._converter)

    @lsp_method(types.WINDOW_WORK_DONE_PROGRESS_CANCEL)
    def lsp_work_done_progress_cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The user pressed cancel."""
        self._server.jobs.stop_token(params.token)

    lsp_notebook_document__did_open = None  # type: ignore[assignment]
    lsp_notebook_document__did_change = None  # type: ignore[assignment]
    lsp_notebook_document__did_close = None  # type: ignore[assignment]


def _identity(message: dict[str, Any]) -> str | int | None:
    value = message.get("id")
    return value if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)) else None


def _problem(error: Exception) -> str:
    """Which field is wrong, without the text that was in it."""
    try:
        return "; ".join(transform_error(error, path="params"))[:300]
    except Exception:
        return "the parameters are not as the protocol has them"
