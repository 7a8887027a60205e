"""The state machine on the pure core: 100 runs of 30 steps, 1,500 with HYPOTHESIS_PROFILE=long."""

from hypothesis import settings

from identity.machine import IdentityMachine

TestIdentityMachine = IdentityMachine.TestCase
TestIdentityMachine.settings = settings(stateful_step_count=30)
