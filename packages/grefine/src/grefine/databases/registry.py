"""The databases that are known by name, and which of them a copy is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grefine.databases.agiqa_1k import AGIQA_1K
from grefine.databases.agiqa_3k import AGIQA_3K
from grefine.databases.aigciqa2023 import AIGCIQA2023
from grefine.databases.aigiqa_20k import AIGIQA_20K
from grefine.databases.diffusion_db import DIFFUSION_DB
from grefine.databases.gen_image import GEN_IMAGE
from grefine.databases.own_table import NAME, own_table
from grefine.databases.records import Database
from grefine_core.errors import InputError

DATABASES: Mapping[str, Database] = {
    database.name: database for database in (DIFFUSION_DB, GEN_IMAGE, AGIQA_1K, AGIQA_3K, AIGIQA_20K, AIGCIQA2023)
}
"""By name, in the order of the paper."""
_GUESSED = (AGIQA_3K, AGIQA_1K, AIGIQA_20K, AIGCIQA2023, DIFFUSION_DB, GEN_IMAGE)
"""Those that ask for more columns first: a table of AGIQA-3K could be taken for another's."""


def find_database(folder: Path, name: str | None = None, columns: Mapping[str, str] | None = None) -> Database:
    """Return the database of a copy: the one named, one with these columns, or the one whose files are there.

    Args:
        folder: The copy, or a table.
        name: Of `DATABASES`, or `table` for a table of your own.
        columns: Which column of a table of your own means what; see `own_table`.

    Raises:
        InputError: If the name is unknown, it does not go with columns, the copy is not there, or it is of no
            database that is known.
    """
    if columns and name not in (None, NAME):
        raise InputError(f"--column is for tables of your own; {name} has columns of its own.")
    if columns or name == NAME:
        return own_table(columns)
    if name is not None:
        if name not in DATABASES:
            raise InputError(f"The database {name} is unknown; known are {', '.join((*DATABASES, NAME))}.")
        return DATABASES[name]
    if not folder.exists():
        raise InputError(f"{folder} does not exist.")
    candidates = (*_GUESSED, own_table()) if folder.is_file() else _GUESSED
    for database in candidates:
        try:
            database.read(folder)
        except InputError:
            continue
        return database
    raise InputError(
        f"{folder} is no copy of a database that is known; name one with --database: {', '.join((*DATABASES, NAME))}."
    )
