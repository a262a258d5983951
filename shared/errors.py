"""Refusals: what the domain says no to, and how programs and people read it (RFC 9457 problem details)."""

from typing import Any, ClassVar

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "urn:ami-garantie:problem:"


class Refusal(Exception):
    """A foreseen "no", with a stable type for programs and French words for people.

    Subclasses name one reason each. `pointer` is a JSON pointer into the request body; `facts` are extra
    members of the problem document (deadline, limit, missing items) and must never hold personal data.
    """

    type: ClassVar[str] = "refused"
    title: ClassVar[str] = "Demande refusée"
    status: ClassVar[int] = 409

    def __init__(self, detail: str = "", *, pointer: str | None = None, **facts: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.pointer = pointer
        self.facts = facts

    def problem(self) -> dict[str, Any]:
        """The RFC 9457 document: type, title, status, detail, then errors (pointers) and facts."""
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.pointer is not None:
            document["errors"] = [{"pointer": self.pointer, "detail": self.detail}]
        return document | self.facts


class NotFound(Refusal):
    """Unknown to the caller; another bailleur's dossier answers the same (DOMAIN: it does not exist for you)."""

    type = "not-found"
    title = "Introuvable"
    status = 404


class Forbidden(Refusal):
    """The caller is known and lacks the role."""

    type = "forbidden"
    title = "Accès interdit"
    status = 403


class Unavailable(Exception):
    """A server we depend on does not answer: callers get 503 with Retry-After, consumers wait and retry."""

    def __init__(self, component: str) -> None:
        super().__init__(component)
        self.component = component
