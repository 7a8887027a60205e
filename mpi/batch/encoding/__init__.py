"""Records encoded for bulk work: every distinct value normalized, and its keys made, once."""

from mpi.batch.encoding.records import encode_records

__all__ = ["encode_records"]
