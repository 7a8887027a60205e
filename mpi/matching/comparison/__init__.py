"""Columnar comparison: records → columns → one agreement level per field and pair."""

from mpi.matching.comparison.agreement import Agreement, coded_records, compare
from mpi.matching.comparison.columns import Column, Columns, encode

__all__ = ["Agreement", "Column", "Columns", "coded_records", "compare", "encode"]
