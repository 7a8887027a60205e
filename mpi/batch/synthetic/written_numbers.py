"""Birth dates, sex, social security numbers, telephone numbers and e-mail addresses as sources write them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.contacts import PROVIDERS
from mpi.batch.synthetic.demographics import DAYS_A_YEAR
from mpi.batch.synthetic.draws import Ints
from mpi.batch.synthetic.mistakes import miskeyed, misspelled
from mpi.batch.synthetic.registration import Registration
from mpi.batch.synthetic.sources import DATE_FORMS, PHONE_FORMS, SEX_FORMS
from mpi.batch.synthetic.text import (
    ZERO,
    Bytes,
    Text,
    cut,
    digits,
    either,
    joined,
    laid_out,
    taken,
    text_of,
    without,
)

#: Kinds of wrong birth dates: a digit, day and month exchanged, a day, a month, a year, ten years beside.
BIRTH_DATE_SHARES = (0.36, 0.20, 0.14, 0.08, 0.14, 0.08)
WRONG_DIGIT, DAY_AND_MONTH, DAY, MONTH, YEAR, TEN_YEARS = range(6)
BIRTH_DATE_PLACEHOLDERS = np.array([19000101, 19000101, 19010101, 18000101, 20000101], dtype=np.int64)
SSN_PLACEHOLDERS = np.array([999999999, 0, 0, 123456789, 111111111, 78051120, 999999999], dtype=np.int64)
PHONE_PLACEHOLDERS = np.array([5555555555, 9999999999, 0, 1234567890, 5555555555], dtype=np.int64)
#: A source's own switchboard, written for those who gave no number; the last digit is the source's place.
SWITCHBOARD = 6172300100
SSN_FROM_DAYS, PHONE_FROM_YEARS, EMAIL_FROM_YEARS = 60, 15, 16
LANDLINE_RATE = 0.35
UNKNOWN_SEX_RATE = 0.004


def birth_dates(desk: Registration) -> Text:
    """Dates of birth in each source's form, some wrong, some impossible, some fillers."""
    draws, count = desk.draws, len(desk)
    year, month, day = calendar(desk.people.birth_day[desk.person])
    error = draws.kind(count, BIRTH_DATE_SHARES)
    error[~desk.happens("birth_date_error_rate")] = -1
    swap = error == DAY_AND_MONTH
    month, day = np.where(swap & (day <= 12), day, month), np.where(swap & (day <= 12), month, day)
    side = 2 * draws.below(count, 2) - 1
    day = np.where(error == DAY, np.clip(day + side, 1, 28), day)
    month = np.where(error == MONTH, (month - 1 + side) % 12 + 1, month)
    year = year + side * ((error == YEAR) + 10 * (error == TEN_YEARS))
    number = year * 10_000 + month * 100 + day
    filler = desk.happens("birth_date_placeholder_rate")
    number = np.where(
        filler, BIRTH_DATE_PLACEHOLDERS[draws.below(count, len(BIRTH_DATE_PLACEHOLDERS))], number
    )
    written = digits(number, 8)
    tail = written[:, 2:]
    miskeyed(draws, tail, (error == WRONG_DIGIT) & ~filler)
    return text_of(date_forms(desk, written), missing=desk.happens("birth_date_missing_rate"))


def calendar(days: Ints) -> tuple[Ints, Ints, Ints]:
    """Year, month and day of the month of days since 1970-01-01."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    year, month = np.divmod(months.astype(np.int64), 12)
    return year + 1970, month + 1, day


def date_forms(desk: Registration, written: Bytes) -> Bytes:
    """Eight digits, year first, laid out as each record's source writes dates."""
    form = desk.profile.chosen("date_form", desk.encounters.source, DATE_FORMS)
    out = np.zeros((len(written), 10), dtype=np.uint8)
    month_first = written[:, [4, 5, 6, 7, 0, 1, 2, 3]]
    short = month_first.copy()
    short[:, [0, 2]] *= short[:, [0, 2]] != ZERO
    layouts = (
        (written, "####-##-##"),
        (month_first, "##/##/####"),
        (written, "########"),
        (short, "##/##/####"),
    )
    for place, (characters, pattern) in enumerate(layouts):
        rows = np.flatnonzero(form == place)
        out[rows, : len(pattern)] = laid_out(characters[rows], pattern)
    return out


def sexes(desk: Registration) -> Text:
    """``F``, ``M``, ``U`` or the words, a few wrong and some missing."""
    female = desk.people.female[desk.person] ^ desk.happens("sex_error_rate")
    code = np.where(desk.draws.chance(len(desk), UNKNOWN_SEX_RATE), 2, female.astype(np.int64))
    form = desk.profile.chosen("sex_form", desk.encounters.source, SEX_FORMS)
    text = pa.array(["M", "F", "U", "Male", "Female", "Unknown"]).take(code + 3 * form)
    return without(text, ~desk.has("sex_rate"))


def social_security_numbers(desk: Registration) -> Text:
    """Nine digits or the last four; some a relative's, mistyped or fillers. Newborns have none yet."""
    draws, people, count = desk.draws, desk.people, len(desk)
    ssn = people.ssn[desk.person]
    ssn = np.where(desk.happens("ssn_of_relative_rate"), people.ssn[relatives(desk)], ssn)
    filler = desk.happens("ssn_placeholder_rate")
    number = np.where(filler, SSN_PLACEHOLDERS[draws.below(count, len(SSN_PLACEHOLDERS))], ssn)
    missing = ~filler & (~desk.has("ssn_rate") | (ssn < 0) | (desk.age_days() < SSN_FROM_DAYS))
    written = digits(np.maximum(number, 0), 9)
    miskeyed(draws, written, desk.happens("ssn_error_rate") & ~filler)
    out = laid_out(written, "###-##-####")
    out[:, [3, 6]] *= desk.habit("ssn_dashes")[:, None]
    last_four = desk.happens("ssn_last_four_rate") & ~filler
    out[:, :7] *= ~last_four[:, None]
    return text_of(out, missing=missing)


def relatives(desk: Registration) -> Ints:
    """Somebody else of the household: a child's guardian, else a neighbour in the list; oneself if alone."""
    people, person = desk.people, desk.person
    before, after = np.maximum(person - 1, 0), np.minimum(person + 1, len(people) - 1)
    neighbour = np.where(
        people.household[before] == people.household[person],
        before,
        np.where(people.household[after] == people.household[person], after, person),
    )
    return np.where(people.guardian[person] != person, people.guardian[person], neighbour)


def phones(desk: Registration) -> Text:
    """Mobile or landline numbers in each source's form; children are reached through a parent."""
    draws, people, count = desk.draws, desk.people, len(desk)
    young = desk.age_days() < PHONE_FROM_YEARS * DAYS_A_YEAR
    owner = np.where(young, people.guardian[desk.person], desk.person)
    contacts = people.contacts
    row = (desk.encounters.day >= contacts.new_phone_day[owner]).astype(np.int64)
    landline = contacts.landline[owner]
    at_home = draws.chance(count, LANDLINE_RATE) & (landline >= 0)
    number = np.where(at_home, landline, contacts.mobile[row, owner])
    filler = desk.happens("phone_placeholder_rate")
    fillers = PHONE_PLACEHOLDERS[draws.below(count, len(PHONE_PLACEHOLDERS))]
    switchboard = SWITCHBOARD + desk.encounters.source
    fillers = np.where(draws.chance(count, 0.5), switchboard, fillers)
    number = np.where(filler, fillers, number)
    missing = (number < 0) | ~(filler | desk.has("phone_rate"))
    written = digits(np.maximum(number, 0), 10)
    miskeyed(draws, written, desk.happens("phone_error_rate") & ~filler)
    return text_of(phone_forms(desk, written), missing=missing)


def phone_forms(desk: Registration, written: Bytes) -> Bytes:
    """Ten digits laid out as each record's source writes telephone numbers."""
    form = desk.profile.chosen("phone_form", desk.encounters.source, PHONE_FORMS)
    patterns = ("(###) ###-####", "###-###-####", "##########", "+1 ### ### ####")
    out = np.zeros((len(written), max(map(len, patterns))), dtype=np.uint8)
    for place, pattern in enumerate(patterns):
        rows = np.flatnonzero(form == place)
        out[rows, : len(pattern)] = laid_out(written[rows], pattern)
    return out


def emails(desk: Registration) -> Text:
    """Addresses made of the name, for those who have one and are old enough."""
    contacts, person, words = desk.people.contacts, desk.person, desk.vocabulary.words
    pattern = contacts.email_pattern[person]
    old_enough = desk.age_days() >= EMAIL_FROM_YEARS * DAYS_A_YEAR
    places = np.flatnonzero(desk.has("email_rate") & (pattern >= 0) & old_enough)
    person, pattern = person[places], pattern[places]
    given = taken(words.plain, desk.people.given.given[person])
    family = taken(words.plain, desk.people.family.family[0, person])
    number = pa.array([str(n) for n in range(100)]).take(contacts.email_number[person])
    first = either(pattern == 1, cut(given, 1), given)
    separator = pa.array([".", "", ".", "", "_"]).take(pattern)
    second = either(pattern == 4, number, family)
    third = either((pattern == 2) | (pattern == 3), number, pa.array([""]).take(pattern * 0))
    provider = pa.array([f"@{p}" for p in PROVIDERS]).take(contacts.email_provider[person])
    address = joined("", first, separator, second, third, provider)
    address = misspelled(desk.draws, address, desk.happens("email_error_rate")[places])
    out = np.full(len(desk), -1, dtype=np.int64)
    out[places] = np.arange(len(places))
    return taken(address, out)


def numbers_of_records(desk: Registration, letters: Text, written: Bytes) -> tuple[Text, Text]:
    """Record identifiers, unique in the output, and the medical record numbers of the hospitals."""
    number = text_of(written)
    identifier = joined("", letters.take(desk.encounters.source), number)
    return identifier, without(number, ~desk.habit("has_mrn"))
