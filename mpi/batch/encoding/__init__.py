"""Records encoded for bulk work: every distinct value normalized, and its keys made, once."""

from mpi.batch.encoding.records import encode_records
from mpi.batch.encoding.table import encode_table

__all__ = ["encode_records", "encode_table"]
