"""Folding the events up to any moment gives who was who at that moment."""

import pytest

from identity.stories import Story
from mpi.identity.change import Change, Event, EventType, IdentityChange, IdentityStatus, LinkChange
from mpi.identity.invariants import violations
from mpi.identity.ledger import apply, fold, fold_redirects, fold_retired, members
from mpi.identity.neighbourhood import Neighbourhood


class Remembering(Story):
    """Keeps every event, and the links after each step."""

    def __init__(self, records):
        self.events, self.pasts = [], []
        super().__init__(records)

    def commit(self, change, *, by):
        super().commit(change, by=by)
        self.events += change.events
        retired = {record for record, link in self.state.links.items() if link.retired}
        redirects = {i: s.surviving_id for i, s in self.state.identities.items() if s.surviving_id}
        self.pasts.append((len(self.events), self.homes(), retired, redirects))


def test_the_events_up_to_a_moment_give_the_state_of_that_moment():
    story = Remembering(4)
    early = story.merge(2, 3)
    story.merge(1, 2)
    story.unlink(1)
    story.retire(4)
    story.unmerge(early)
    for count, homes, retired, redirects in story.pasts:
        past = story.events[:count]
        assert fold(past) == homes
        assert fold_retired(past) == retired
        assert fold_redirects(past) == redirects


def test_who_was_this_identity_leaves_out_the_retired():
    story = Remembering(3)
    story.merge(1, 2)
    story.merge(1, 3)
    story.retire(2)
    assert members(story.events, story.ids[1]) == (1, 3)
    assert members(story.events, story.ids[2]) == ()


def test_an_id_that_was_only_issued_changes_no_link():
    assert fold([Event(type=EventType.ENTERPRISE_ID_ASSIGNED, enterprise_id="A")]) == {}


def issue(enterprise_id):
    return IdentityChange(enterprise_id=enterprise_id, status=IdentityStatus.ACTIVE, issued=True)


def test_an_enterprise_id_is_issued_once():
    state = apply(Neighbourhood(), Change(identities=(issue("A"),)))
    with pytest.raises(ValueError, match="exactly once"):
        apply(state, Change(identities=(issue("A"),)))


def test_a_link_changes_from_where_it_is():
    with pytest.raises(ValueError, match="from where it is"):
        apply(Neighbourhood(), Change(links=(LinkChange(record_id=1, from_id="A", to_id="B"),)))


def test_a_state_that_broke_is_told_by_invariant():
    story = Story(3)
    story.merge(1, 2)
    state = story.state
    state.identities[story.ids[2]] = state.identities[story.ids[1]]
    assert "I4" in {broken.invariant for broken in violations(state)}
    del state.links[3]
    assert {"I3", "I9"} <= {broken.invariant for broken in violations(state)}
