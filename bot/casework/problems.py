"""What Open311 says when it cannot do what it was asked: one or more code-and-description pairs and a status."""

from __future__ import annotations


class Problem(Exception):
    """A request that is answered with errors. `status` is 400, 403 or 404 (GeoReport v2), rarely 405 or 413."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__(f"{status}")
        self.status = status
        self.descriptions = descriptions

    def shown(self) -> list[dict[str, object]]:
        """Return the errors as the standard lists them."""
        return [{"code": self.status, "description": description} for description in self.descriptions]
