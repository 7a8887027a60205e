"""The examples in the docstrings hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from mpi import patient

MODULES = [
    *(f"{patient.__name__}.{module.name}" for module in pkgutil.iter_modules(patient.__path__)),
    "mpi.services.registry.dates",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
