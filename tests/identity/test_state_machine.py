"""The state machine on the pure core; `make test-long` runs it at length."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from identity.machine import IdentityMachine

TestIdentityMachine = IdentityMachine.TestCase
TestIdentityMachine.settings = settings(stateful_step_count=30)


@pytest.mark.long
def test_the_state_machine_at_length():
    run_state_machine_as_test(
        IdentityMachine,
        settings=settings(
            max_examples=2_000,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
