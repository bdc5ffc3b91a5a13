"""Databases of generated pictures, with the labels that people gave them: what each is, reading, checking."""

from grefine.databases.own_table import own_table
from grefine.databases.records import ALIGNMENT, QUALITY, Database, Item, LabelRange
from grefine.databases.registry import DATABASES, find_database

__all__ = ["ALIGNMENT", "DATABASES", "QUALITY", "Database", "Item", "LabelRange", "find_database", "own_table"]
