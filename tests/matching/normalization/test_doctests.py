"""The examples in the docstrings hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from mpi.matching import normalization

MODULES = [module.name for module in pkgutil.iter_modules(normalization.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name: str) -> None:
    module = importlib.import_module(f"{normalization.__name__}.{name}")
    assert doctest.testmod(module).failed == 0
