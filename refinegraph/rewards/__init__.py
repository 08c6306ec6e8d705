"""Rewards for training: programs judged by tests in the sandbox, in the forms trainers call."""

from refinegraph.rewards.environment import RepairEnvironment, Turn, repair_environment
from refinegraph.rewards.programs import Attempt, ProgramTests
from refinegraph.rewards.tests_passed import TestsPassed, tests_passed

__all__ = [
    "Attempt",
    "ProgramTests",
    "RepairEnvironment",
    "TestsPassed",
    "Turn",
    "repair_environment",
    "tests_passed",
]
