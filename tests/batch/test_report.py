"""The pages: everything escaped, every section there, the same bytes for the same input."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from deduplications import deduplicated
from mpi.batch.deduplication import Deduplication
from mpi.batch.encoded import Fault, Faults
from mpi.batch.evaluation import evaluate, figures
from mpi.batch.report import page, report, write_evaluation, write_report
from mpi.batch.report.clusters import (
    cluster_sizes,
    largest_clusters,
    overlap,
    source_counts,
    weakest_clusters,
    weakest_weights,
)
from mpi.batch.report.samples import capped_blocks, guard_counts, outcomes
from mpi.batch.reviewing import task_pairs
from mpi.matching.decision import LINK, REVIEW
from people import HOME, a_person, random_people

HOSTILE = "<img src=x onerror=alert(1)>"
#: Turns the text around, rings the bell, and ends a script.
TURNING = "a\u202eb\x07</script>\u2066"

VOID = {"meta", "br", "line", "rect", "circle", "polyline", "path"}


class Page(HTMLParser):
    """The elements of a page; fails where one is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def crowd() -> Deduplication:
    """Three hundred people of few names from three sources."""
    people = random_people(300)
    return deduplicated(people, sources=[("billing", "lab", "north")[n % 3] for n in range(300)])


def test_every_section_is_there_and_every_element_closed(crowd: Deduplication) -> None:
    shown = Page(report(crowd))
    ids = {attributes["id"] for _, attributes in shown.tags if "id" in attributes}
    assert {"sources", "weights", "clusters", "guards", "blocking", "input", "pairs"} <= ids
    for link in (attributes["href"] or "" for tag, attributes in shown.tags if tag == "a"):
        assert link.removeprefix("#") in ids
    assert "shows patients’ data" in shown.text
    assert crowd.rules.hash in shown.text
    for title in ("Linked:", "For review:", "Stopped by a guard:", "Refused by clustering:"):
        assert title in shown.text


def test_it_needs_nothing_from_elsewhere_and_no_script(crowd: Deduplication) -> None:
    for text in (report(crowd), page(evaluate(crowd, np.arange(300) % 70))):
        assert {tag for tag, _ in Page(text).tags}.isdisjoint({"script", "link", "img", "iframe", "object"})
        assert re.findall(r"(?:src|href)=\"(?!#)", text) == []
        assert set(re.findall(r"https?://[^\"< ]+", text)) <= {"http://www.w3.org/2000/svg"}
        assert "url(" not in text


def test_tables_have_headers_and_plots_have_words(crowd: Deduplication) -> None:
    text = report(crowd)
    for table in re.findall(r"<table>.*?</table>", text, re.DOTALL):
        assert re.search(r"<th scope=\"col\"", table)
    plots = [attributes for tag, attributes in Page(text).tags if attributes.get("class") == "plot"]
    assert len(plots) == 2
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)


def test_hostile_text_is_shown_and_does_nothing() -> None:
    people = [a_person(HOSTILE.upper(), "PRUITT", home=HOME), a_person(HOSTILE.upper(), "PRUITT", home=HOME)]
    dedup = deduplicated(people, ids=[HOSTILE, TURNING], sources=[HOSTILE, TURNING])
    dedup = replace(
        dedup,
        warnings=(f"column {HOSTILE} is empty",),
        records=replace(
            dedup.records,
            faults=Faults(count=1, first=(Fault(line=3, field=TURNING, reason=HOSTILE),)),
            dropped={(HOSTILE, TURNING): 2},
        ),
    )
    for text in (report(dedup), page(evaluate(dedup, ["a", "b"])), page(evaluate(dedup, ["a", "a"]))):
        assert "<img" not in text.lower()
        assert "</script" not in text
        assert not set(text) & {"\u202e", "\x07", "\u2066"}
        shown = Page(text)
        assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert HOSTILE in shown.text or HOSTILE in Page(report(dedup)).text
    assert "a⟨U+202E⟩b⟨U+0007⟩</script>⟨U+2066⟩" in Page(report(dedup)).text


def test_the_same_input_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    people = random_people(120)
    ids = [f"r{n:03}" for n in range(120)]
    write_report(deduplicated(people, ids=ids), tmp_path / "a.html")
    write_report(deduplicated(people[::-1], ids=ids[::-1]), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_only_its_owner_reads_it_and_nothing_else_is_left(crowd: Deduplication, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("older")
    (tmp_path / "report.html").chmod(0o644)
    write_report(crowd, tmp_path / "report.html")
    write_evaluation(evaluate(crowd, np.arange(300) % 70), tmp_path / "evaluation.html")
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size < 1_500_000
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "evaluation.html"}
    with pytest.raises(OSError):
        write_report(crowd, tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_makes_a_page_too(count: int) -> None:
    strangers = [a_person(), a_person("TOMAS", "OKONKWO", born=(1951, 9, 30))][:count]
    dedup = deduplicated(strangers)
    assert len(dedup.scoring.pairs.left) == 0
    assert f"{count} record" in Page(report(dedup)).text
    assert Page(page(evaluate(dedup, ["x", "y"][:count]))).text


def test_duplicates_are_records_that_share_a_cluster_with_their_own_source() -> None:
    jane = a_person(ssn="219458813", home=HOME)
    tomas = a_person("TOMAS", "OKONKWO", born=(1951, 9, 30), ssn="402661207")
    dedup = deduplicated([jane, jane, jane, tomas, tomas], sources=["lab", "lab", "north", "lab", "north"])
    rows = {one.source: one for one in source_counts(dedup)}
    assert (rows["lab"].records, rows["lab"].clusters, rows["lab"].duplicates) == (3, 2, 2)
    assert (rows["north"].records, rows["north"].clusters, rows["north"].duplicates) == (2, 2, 0)
    assert rows["lab"].duplicate_rate == pytest.approx(2 / 3)
    assert overlap(dedup).clusters == ((2, 2), (2, 2))
    assert cluster_sizes(dedup).tolist() == [0, 0, 1, 1]
    assert [one.size for one in largest_clusters(dedup)] == [3, 2]


def test_the_weakest_link_is_the_one_the_cluster_hangs_by(crowd: Deduplication) -> None:
    """Against the definition: the heaviest weight at which the cluster's links still keep it whole."""
    weakest = weakest_weights(crowd)
    pairs, cluster_of = crowd.scoring.pairs, crowd.clusters.cluster_of
    for cluster in np.flatnonzero(np.bincount(cluster_of) > 1).tolist():
        inside = (pairs.decision == LINK) & (cluster_of[pairs.left] == cluster)
        inside &= cluster_of[pairs.right] == cluster
        edges = sorted(zip(pairs.weight[inside], pairs.left[inside], pairs.right[inside], strict=True))
        parts = {int(record): {int(record)} for record in np.flatnonzero(cluster_of == cluster)}
        for weight, a, b in reversed(edges):
            if parts[int(a)] is not parts[int(b)]:
                merged = parts[int(a)] | parts[int(b)]
                parts.update(dict.fromkeys(merged, merged))
                last = weight
        assert weakest[cluster] == pytest.approx(last)
    shown = [one.weakest_weight for one in weakest_clusters(crowd)]
    assert shown == sorted(shown, key=lambda weight: weight or 0)


def test_every_kept_pair_has_one_outcome(crowd: Deduplication) -> None:
    found = outcomes(crowd)
    assert sum(one.count for one in found) == len(crowd.scoring.pairs.left)
    for one in found:
        assert len(one.examples) == min(one.count, 20)
        for example in one.examples:
            assert sum(part["weight"] for part in example.fields) == pytest.approx(example.weight)
            assert example.shared_passes
    stopped = next(one for one in found if one.kind == "stopped")
    assert all(example.guards for example in stopped.examples)
    fired = [bool(hits) for hits in crowd.scoring.pairs.guard_sets]
    kept = int(np.array(fired)[crowd.scoring.pairs.guard_set].sum())
    assert max(one.pairs for one in guard_counts(crowd)) <= kept <= sum(g.pairs for g in guard_counts(crowd))


def test_tasks_are_pairs_of_clusters(crowd: Deduplication) -> None:
    pairs, cluster_of = crowd.scoring.pairs, crowd.clusters.cluster_of
    in_doubt = {*np.flatnonzero(pairs.decision == REVIEW).tolist(), *crowd.refused.tolist()}
    between = lambda a, b: tuple(sorted((int(cluster_of[a]), int(cluster_of[b]))))  # noqa: E731
    ends = {between(pairs.left[p], pairs.right[p]) for p in in_doubt}
    voices: dict[tuple[int, ...], list[float]] = {}
    for one in (pairs, crowd.scoring.light):
        for a, b, weight in zip(one.left, one.right, one.weight, strict=True):
            voices.setdefault(between(a, b), []).append(float(np.clip(weight, -10, 20)))
    tasks = sorted((a, b) for a, b in ends if a != b and np.mean(voices[a, b]) >= -1)
    assert 0 < len(tasks) < len({(a, b) for a, b in ends if a != b})
    assert task_pairs(crowd).tolist() == [(a << 32) | b for a, b in tasks]


def test_a_capped_block_shows_what_its_key_stands_for() -> None:
    crowd = deduplicated([a_person("JANE", f"PRUITT{n}", born=None, phone="12065550100") for n in range(300)])
    blocks = capped_blocks(crowd)
    phone = next(block for block in blocks if block.pass_name == "phone")
    assert phone.values == {"phone": "12065550100"}
    assert phone.size == 300
    assert "12065550100" in Page(report(crowd)).text


def test_figures_are_json(crowd: Deduplication) -> None:
    found = figures(evaluate(crowd, np.arange(300) % 70))
    assert json.loads(json.dumps(found))["records"] == 300
