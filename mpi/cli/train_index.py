"""What ``mpi train --index`` learns from: the records of the index, and what reviewers decided about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpi.cli.opened import open_index, operator
from mpi.settings import Settings

if TYPE_CHECKING:
    from mpi.batch import EncodedRecords
    from mpi.batch.progress import Progress
    from mpi.batch.training import Decisions
    from mpi.index import Index, TaskAnswer
    from mpi.matching.rules import RuleSet

#: Tasks read at a time.
_PAGE = 200
_DECIDED = ("same_person", "different_people")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Records to learn from, the rule set to start from, and the decisions that came with the records."""

    rules: RuleSet
    records: EncodedRecords
    decided: Decisions | None = None


def of_index(rules: str | None, progress: Progress) -> Sample:
    """The index's active records, encoded for ``rules`` or those that it goes by, and its resolved tasks."""
    from mpi.matching.rules import load_rules

    settings = Settings.read()
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    with open_index(settings) as index:
        records = index.encoded_records(actor=operator(), progress=progress)
        return Sample(rules=load_rules(settings.rules), records=records, decided=_decided(index, records))


def _decided(index: Index, records: EncodedRecords) -> Decisions:
    """What resolved tasks say about two records that are both still there; of several answers the last."""
    import pandas as pd

    from mpi.batch.training import find_decisions

    sources = [records.sources[number] for number in records.source_of.tolist()]
    there = set(zip(sources, records.record_ids.tolist(), strict=True))
    found: dict[tuple[str, str, str, str], tuple[Any, str]] = {}
    for task in _resolved(index):
        refs, answer = sorted((ref.source, ref.local_id) for ref in task.records), task.resolution or {}
        if len(refs) == 2 and answer.get("resolution") in _DECIDED and there.issuperset(refs):
            pair, said = (*refs[0], *refs[1]), (answer["resolved_at"], answer["resolution"])
            found[pair] = max(found.get(pair, said), said)
    rows = [(*pair, said) for pair, (_, said) in sorted(found.items())]
    columns = ["source_a", "record_id_a", "source_b", "record_id_b", "verdict"]
    return find_decisions(pd.DataFrame(rows, columns=columns), records)


def _resolved(index: Index) -> Iterator[TaskAnswer]:
    cursor: str | None = None
    while True:
        page = index.tasks(actor=operator(), state="resolved", limit=_PAGE, cursor=cursor)
        yield from page.items
        if page.next is None:
            return
        cursor = str(page.next)
