"""Addresses in the form of USPS Publication 28, and the rest of the world left as it is."""

from __future__ import annotations

import pytest

from mpi.matching.normalization.addresses import read_address, read_city, read_state, read_zip
from mpi.matching.normalization.streets import read_street
from mpi.matching.record import Address


@pytest.mark.parametrize(
    ("sent", "street", "unit"),
    [
        ("48 Alder Street", "48 ALDER ST", ""),
        ("48 alder st.", "48 ALDER ST", ""),
        ("1708 N Ridge Dr", "1708 N RIDGE DR", ""),
        ("1708 North Ridge Drive", "1708 N RIDGE DR", ""),
        ("12 North Avenue", "12 NORTH AVE", ""),
        ("40 Main Street Northwest", "40 MAIN ST NW", ""),
        ("southwest 1st street", "SW 1ST ST", ""),
        ("9 First Avenue", "9 1ST AVE", ""),
        ("33-11 Baytree Dr", "33-11 BAYTREE DR", ""),
        ("123 1/2 Oak St", "123 1/2 OAK ST", ""),
        ("7 Winston-Salem Blvd", "7 WINSTON SALEM BLVD", ""),
        ("5 O'Donnell Cir", "5 ODONNELL CIR", ""),
        ("522 Central Ave Apt 15B", "522 CENTRAL AVE", "15B"),
        ("522 Central Ave, Apt. #15B", "522 CENTRAL AVE", "15B"),
        ("522 Central Ave #15B", "522 CENTRAL AVE", "15B"),
        ("522 Central Ave Unit 15B", "522 CENTRAL AVE", "15B"),
        ("2687 Morris Knoll Suite 788", "2687 MORRIS KNL", "788"),
        ("16 Jennifer Via Apt. 005", "16 JENNIFER VIA", "5"),
        ("8 Elm St 2nd Floor", "8 ELM ST", "2"),
        ("8 Elm St Fl 2", "8 ELM ST", "2"),
        ("8 Elm St Rear", "8 ELM ST", "REAR"),
        ("8 Elm St Bldg 3 Apt 4", "8 ELM ST", "3 4"),
        ("Flat 3 12 Smith Street", "12 SMITH ST", "3"),
        ("12 Front Street", "12 FRONT ST", ""),
        ("12 Lobby Lane", "12 LOBBY LN", ""),
        ("12 Key West Road", "12 KEY WEST RD", ""),
        ("P.O. Box 1600", "PO BOX 1600", ""),
        ("PO BOX 1600", "PO BOX 1600", ""),
        ("POB 1600", "PO BOX 1600", ""),
        ("Post Office Box 1600", "PO BOX 1600", ""),
        ("Box 1600", "PO BOX 1600", ""),
        ("48 Alder St PO Box 9", "48 ALDER ST", "PO BOX 9"),
        ("Rural Route 2 Box 10", "RR 2 BOX 10", ""),
        ("R.R. #2, Box 10", "RR 2 BOX 10", ""),
        ("RFD 2 Box 10", "RR 2 BOX 10", ""),
        ("RD 2 Box 10", "RR 2 BOX 10", ""),
        ("HC 1 Box 23", "HC 1 BOX 23", ""),
        ("Star Route 1 Box 23", "HC 1 BOX 23", ""),
        ("PSC 123 Box 45", "PSC 123 BOX 45", ""),
        ("CMR 450, Box 12", "CMR 450 BOX 12", ""),
        ("Unit 2050 Box 4190", "UNIT 2050 BOX 4190", ""),
        ("County Rd 12", "COUNTY ROAD 12", ""),
        ("4512 Hwy 9", "4512 HIGHWAY 9", ""),
        ("4512 US Hwy 9", "4512 US HIGHWAY 9", ""),
        ("4512 State Route 9", "4512 STATE ROUTE 9", ""),
        ("c/o Emergency Mail Program,27518 Frazier Isle Suite 990", "27518 FRAZIER ISLE", "990"),
        ("Church Group\\n874 Carr Circles Suite 751", "874 CARR CIRS", "751"),
        ("USPS Store\n4225 Chambers Park Ste 4", "4225 CHAMBERS PARK", "4"),
        ("10 Rue de l'Église", "10 RUE DE LEGLISE", ""),
        ("Königstraße 5", "KONIGSTRASSE 5", ""),
        ("東京都千代田区1-1", "DONGJINGDOUQIANDAITIANQU1-1", ""),
    ],
)
def test_delivery_lines_meet_in_one_form(sent: str, street: str, unit: str) -> None:
    assert read_street(sent) == (street, unit)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("NY", "NY"),
        ("ny", "NY"),
        ("N.Y.", "NY"),
        ("New York", "NY"),
        ("Armed Forces Europe", "AE"),
        ("NSW", "NSW"),
        ("Bavaria", "BAVARIA"),
    ],
)
def test_states_meet_in_their_codes(sent: str, code: str) -> None:
    assert read_state(sent) == code


@pytest.mark.parametrize(
    ("sent", "state", "code"),
    [
        ("02118", "MA", "02118"),
        ("02118-4307", "MA", "02118"),
        ("021184307", "MA", "02118"),
        ("2118", "MA", "02118"),
        ("2118", "NSW", "2118"),
        ("2118", "", "2118"),
        ("sw1a 2aa", "", "SW1A2AA"),
        ("K1A 0B1", "ON", "K1A0B1"),
    ],
)
def test_postcodes(sent: str, state: str, code: str) -> None:
    assert read_zip(sent, state) == code


@pytest.mark.parametrize(
    ("sent", "city"),
    [
        ("St. Paul", "SAINT PAUL"),
        ("Saint Paul", "SAINT PAUL"),
        ("Ft Worth", "FORT WORTH"),
        ("N. Adams", "NORTH ADAMS"),
        ("Winston-Salem", "WINSTON SALEM"),
        ("Coeur d'Alene", "COEUR DALENE"),
        ("São Paulo", "SAO PAULO"),
    ],
)
def test_cities(sent: str, city: str) -> None:
    assert read_city(sent) == city


def test_an_address_in_one_line_is_taken_apart() -> None:
    reading = read_address(Address("48 Alder Street Apt 2, Boston, MA 02118-1234"))
    assert reading.address == ("48 ALDER ST", "2", "BOSTON", "MA", "02118")


def test_another_countrys_codes_are_left_alone() -> None:
    reading = read_address(Address("Hauptstr. 5", "Berlin", "GA", "101171234", "DE"))
    assert reading.address == ("HAUPTSTR 5", "", "BERLIN", "GA", "101171234")


@pytest.mark.parametrize(
    ("address", "dropped"),
    [
        (Address("General Delivery", "Boston"), ("street", "placeholder-street")),
        (Address("HOMELESS", "Boston"), ("street", "placeholder-street")),
        (Address("123 Main Street", "Boston"), ("street", "placeholder-street")),
        (Address("XXXX", "Boston"), ("street", "placeholder-street")),
        (Address(None, "Boston", "XX"), ("state", "placeholder-state")),
        (Address(None, "Boston", "MA", "00000"), ("zip", "placeholder-zip")),
        (Address(None, "Boston", "MA", "99999-9999"), ("zip", "placeholder-zip")),
        (Address("48 Alder St", "Unknown"), ("city", "placeholder-city")),
    ],
)
def test_places_of_no_one_are_reported(address: Address, dropped: tuple[str, str]) -> None:
    reading = read_address(address)
    assert reading.dropped == (dropped,)
    assert reading.address is not None


def test_an_address_of_placeholders_is_none() -> None:
    assert read_address(Address("Homeless", "Unknown", "XX", "00000")).address is None
