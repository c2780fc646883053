"""The old names of what this room holds, until every caller names the modules themselves."""

from shared.http.inputs import RequestModel, SlugPath
from shared.http.lists import LIST_DEFAULT, LIST_MAX, ListQuery, page, read_cursor, write_cursor
from shared.http.preconditions import etag
from shared.http.problems import Problem, ProblemError, ProblemResponse, problem_of, respond
from shared.http.problems import of as problems
from shared.http.wiring import install

__all__ = [
    "LIST_DEFAULT",
    "LIST_MAX",
    "ListQuery",
    "Problem",
    "ProblemError",
    "ProblemResponse",
    "RequestModel",
    "SlugPath",
    "etag",
    "install",
    "page",
    "problem_of",
    "problems",
    "read_cursor",
    "respond",
    "write_cursor",
]
