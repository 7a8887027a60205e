"""What a deduplication and an evaluation found, as one page each that needs nothing but a browser."""

from mpi.batch.report.deduplication import report, write_report
from mpi.batch.report.evaluation import page, write_evaluation, write_figures, write_never_compared

__all__ = ["page", "report", "write_evaluation", "write_figures", "write_never_compared", "write_report"]
