from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.errors import InvalidEnterpriseId
from mpi.identity.enterprise_id import ALPHABET, display, mint_enterprise_id, parse_enterprise_id

ids = st.integers(0, 2**64 - 1).map(mint_enterprise_id)


def test_the_alphabet_is_a_prime_number_of_unmistakable_characters():
    assert len(ALPHABET) == len(set(ALPHABET)) == 31
    assert not set("ILOSU") & set(ALPHABET)


@given(ids)
def test_what_is_minted_is_read_back_as_shown_and_as_stored(enterprise_id):
    assert parse_enterprise_id(enterprise_id) == enterprise_id
    assert parse_enterprise_id(display(enterprise_id)) == enterprise_id
    assert parse_enterprise_id(f"  {display(enterprise_id).lower()} ") == enterprise_id
    assert len(display(enterprise_id)) == 12


def test_it_is_shown_in_groups_of_four_four_and_two():
    assert display("7K3M9QRT2X") == "7K3M-9QRT-2X"


def test_letters_read_as_digits_are_read_as_those():
    enterprise_id = next(
        i for n in range(10_000) if "0" in (i := mint_enterprise_id(n**5)) and "1" in i and "5" in i
    )
    mistaken = enterprise_id.replace("0", "o").replace("1", "l").replace("5", "S")
    assert parse_enterprise_id(mistaken) == enterprise_id
    assert parse_enterprise_id(enterprise_id.replace("1", "I")) == enterprise_id


@given(ids)
def test_every_wrong_character_is_found(enterprise_id):
    for place, right in enumerate(enterprise_id):
        for wrong in ALPHABET.replace(right, ""):
            with pytest.raises(InvalidEnterpriseId):
                parse_enterprise_id(enterprise_id[:place] + wrong + enterprise_id[place + 1 :])


@given(ids)
def test_every_exchange_of_two_characters_is_found(enterprise_id):
    for i, j in combinations(range(10), 2):
        if enterprise_id[i] != enterprise_id[j]:
            characters = list(enterprise_id)
            characters[i], characters[j] = characters[j], characters[i]
            with pytest.raises(InvalidEnterpriseId):
                parse_enterprise_id("".join(characters))


@pytest.mark.parametrize(
    "text", ["", "7K3M", "7K3M-9QRT-2X2", "7K3M-9QRT-2U", "0000-0000-00", "ÄÖÜß-9QRT-2X", "７K3M9QRT2X"]
)
def test_nonsense_is_refused_without_being_repeated(text):
    with pytest.raises(InvalidEnterpriseId) as refused:
        parse_enterprise_id(text)
    assert "XXXX-XXXX-XX" in str(refused.value)
    assert not text or text not in str(refused.value)


def test_different_bits_give_different_ids():
    assert len({mint_enterprise_id(n) for n in range(20_000)}) == 20_000


def test_negative_bits_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        mint_enterprise_id(-1)
