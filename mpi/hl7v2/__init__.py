"""HL7 v2.1-2.8: read a message, do what it asks, write the reply. Transports call ``answer``."""

from mpi.hl7v2.answering import Answer, answer
from mpi.hl7v2.connection import Connection

__all__ = ["Answer", "Connection", "answer"]
