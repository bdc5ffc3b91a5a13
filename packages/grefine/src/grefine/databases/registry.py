"""The databases that are known by name."""

from __future__ import annotations

from collections.abc import Mapping

from grefine.databases.agiqa_3k import AGIQA_3K
from grefine.databases.records import Database

DATABASES: Mapping[str, Database] = {database.name: database for database in (AGIQA_3K,)}
"""By name, in the order of the paper."""
