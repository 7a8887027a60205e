"""The text of a rule set with new numbers: in place where it can be, anew where it cannot."""

from __future__ import annotations

import tomllib

import pytest

from mpi.batch.training.text import NewNumbers, rewritten, written
from mpi.matching.rules import load_rules

USUAL = """# Ours.
prior_weight = -20.0   # one in a million
[thresholds]
review_weight = 0.0
link_weight = 7.0  # sure enough

[[relations]]
name = "household"   # they live together
probability = 1e-6

[[comparisons]]
field = "sex"
[comparisons.levels]
same = {m = 0.98, u = 0.5}   # as registered
different = {}

[[comparisons]]
field = "suffix"
[comparisons.levels]
same = {m = 0.9, u = 0.5}
conflict = {}

[provenance]
parent = "grandparent"
"""

#: The same, laid out so that a level is not a line.
UNUSUAL = USUAL.replace(
    "[comparisons.levels]\nsame = {m = 0.98, u = 0.5}   # as registered\ndifferent = {}\n",
    "[comparisons.levels.same]\nm = 0.98\nu = 0.5\n[comparisons.levels.different]\n",
)

NUMBERS = NewNumbers(
    prior_weight=-12.5,
    link_weight=9.25,
    relations={"household": 3e-5},
    differing={},
    levels={"sex": {"same": {"m": 0.9, "u": 0.4}, "different": {}}},
    frequencies={},
    provenance={"parent": "ours", "records": 5, "fields_absent": ["email"], "converged": True},
)


@pytest.mark.parametrize("content", [USUAL, UNUSUAL])
def test_the_text_says_what_it_should(content: str) -> None:
    said = tomllib.loads(rewritten(content, NUMBERS))
    assert said["prior_weight"] == -12.5
    assert said["trained"] is True
    assert said["thresholds"] == {"review_weight": 0.0, "link_weight": 9.25}
    assert said["relations"] == [{"name": "household", "probability": 3e-5}]
    assert said["comparisons"][0]["levels"] == {"same": {"m": 0.9, "u": 0.4}, "different": {}}
    assert said["comparisons"][1]["levels"]["same"] == {"m": 0.9, "u": 0.5}
    assert said["provenance"] == NUMBERS.provenance


def test_comments_stay_but_those_beside_a_number_that_changed() -> None:
    text = rewritten(USUAL, NUMBERS)
    assert "# Ours." in text and "# they live together" in text and "# as registered" in text
    assert "one in a million" not in text and "sure enough" not in text


def test_a_document_written_anew_is_read_as_it_was() -> None:
    document = tomllib.loads(load_rules().content)
    assert tomllib.loads(written(document)) == document
    odd = {"a b": 'quote " and \\ and \n', "list": [1, 2.5, "x"], "t": {"x": {"y": {"z": True}}, "v": []}}
    assert tomllib.loads(written(odd)) == odd
