"""Every error of the index as HL7 v2 says it: refused for good (AR), an error in what was sent (AE), or
207.
"""

from __future__ import annotations

from mpi import errors
from mpi.hl7v2.faults import DUPLICATE_KEY, INTERNAL, LOCKED, REQUIRED, UNKNOWN_KEY, Fault, Refused

#: The most exact class counts.
_CODES: dict[type[errors.MpiError], tuple[type[Fault], str]] = {
    errors.UnknownSource: (Refused, UNKNOWN_KEY),
    errors.UnknownAuthority: (Refused, UNKNOWN_KEY),
    errors.ForeignIdentifier: (Refused, UNKNOWN_KEY),
    errors.InvalidEnterpriseId: (Fault, UNKNOWN_KEY),
    errors.InvalidRecord: (Fault, REQUIRED),
    errors.InvalidPatient: (Fault, REQUIRED),
    errors.BadInput: (Fault, REQUIRED),
    errors.NotFound: (Fault, UNKNOWN_KEY),
    errors.Replaced: (Fault, UNKNOWN_KEY),
    errors.RequestInFlight: (Fault, LOCKED),
    errors.StaleVersion: (Fault, LOCKED),
    errors.Conflict: (Fault, DUPLICATE_KEY),
    errors.Denied: (Refused, INTERNAL),
    errors.Unavailable: (Fault, INTERNAL),
    errors.MpiError: (Fault, INTERNAL),
}


def fault_of(error: errors.MpiError, *, place: str = "") -> Fault:
    """The fault that a sender is told. ``place`` is where it stands in the message, where that is known."""
    if isinstance(error, Fault):
        return error
    kind, code = next(_CODES[one] for one in type(error).__mro__ if one in _CODES)
    return kind(code, str(error), place=place)
