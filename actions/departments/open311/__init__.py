"""Departments behind an Open311 GeoReport v2 server: the client, the resources, and the reading of wild answers."""

from __future__ import annotations

from actions.departments.open311.client import Open311

__all__ = ["Open311"]
