"""A US-shaped population with known truth: households, life events, and sources that record them badly.

``generate`` streams tables, ``write`` and ``write_by_source`` stream them into files; ``twin_pairs`` and
``generation_pairs`` make pairs of different people who look alike. ``entity_id`` says who is who.
"""

from mpi.batch.synthetic.demographics import Demographics
from mpi.batch.synthetic.pairs import generation_pairs, twin_pairs
from mpi.batch.synthetic.records import COLUMNS, generate
from mpi.batch.synthetic.sources import DEFAULT_PROFILE, PROFILES, Profile, Source
from mpi.batch.synthetic.writing import FORMATS, write, write_by_source

__all__ = [
    "COLUMNS",
    "DEFAULT_PROFILE",
    "FORMATS",
    "PROFILES",
    "Demographics",
    "Profile",
    "Source",
    "generate",
    "generation_pairs",
    "twin_pairs",
    "write",
    "write_by_source",
]
