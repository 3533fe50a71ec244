"""`glossator/sent`: what a job asked its model, word for word, and which parts of other files were among it.

Told when a client asks for it, since it holds source text that few want to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..code.piece import Piece
from ..engine import Request

if TYPE_CHECKING:
    from .jobs import Job


def sent(job: Job) -> dict[str, Any]:
    """`{job, title, questions: [{turns: [{role, text}], begins, thinking, maxTokens, remembered}], more, beyond}`.

    `begins` is what the answer was made to begin with; a `remembered` question was answered from disk, not sent this
    time. `more` questions are not listed. `beyond` are the parts of other files, and whether they were among it.
    """
    heard = job.heard
    questions = heard.questions if heard else []
    texts = [message.content for question in questions for message in question.request.messages]
    return {
        "job": job.id,
        "title": job.title,
        "questions": [{**_question(each.request), "remembered": each.remembered} for each in questions],
        "more": heard.more if heard else 0,
        "beyond": [_piece(piece, any(piece.code in text for text in texts)) for piece in job.target.beyond],
    }


def _question(request: Request) -> dict[str, Any]:
    return {
        "turns": [{"role": message.role, "text": message.content} for message in request.messages],
        "begins": request.answer_prefix,
        "thinking": request.thinking,
        "maxTokens": request.max_tokens,
    }


def _piece(piece: Piece, shown: bool) -> dict[str, Any]:
    return {
        "path": piece.path, "line": piece.line, "name": piece.name, "title": piece.title,
        "why": piece.why, "how": piece.how, "shown": shown,
    }  # fmt: skip
