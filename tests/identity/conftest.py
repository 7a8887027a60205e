"""How long the state machine runs: HYPOTHESIS_PROFILE=long for `make test-long`."""

import os

from hypothesis import HealthCheck, settings

_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("default", deadline=None, max_examples=100, suppress_health_check=_QUIET)
settings.register_profile("long", deadline=None, max_examples=1500, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
