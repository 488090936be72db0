"""Made-up registers of associations, universities, banks, unions and utilities, and of brands with branches.

Each holder has several spellings, as lists of applicants, donors or visitors have them: with its acronym,
a branch's country, "operating as", "formerly", "c/o", "a division of". Other holders share their country and
industry words, or differ by one letter of a short name. "train" and "held out" share no distinctive word."""

import random
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar

from kpi_platform_tests.calibration.company_names import PLACES, SURNAMES, SYLLABLES

Half = Literal["train", "held out"]
T = TypeVar("T")

_NATIONS = """
Dutch:the Netherlands German:Germany French:France Italian:Italy Spanish:Spain Polish:Poland
Swedish:Sweden Danish:Denmark Finnish:Finland Austrian:Austria Belgian:Belgium Irish:Ireland
British:Britain Canadian:Canada American:America Mexican:Mexico Brazilian:Brazil Japanese:Japan
Australian:Australia Norwegian:Norway Swiss:Switzerland Portuguese:Portugal Greek:Greece Turkish:Turkey
Indian:India Korean:Korea European:Europe Kenyan:Kenya Chilean:Chile Hungarian:Hungary
"""
NATIONS = [tuple(pair.split(":")) for pair in _NATIONS.replace("the N", "N").split()]
_TRADES = """
Dairy; Steel; Cement; Bankers; Insurance; Farmers; Brewers; Chemical Industry; Paper; Textile; Toy;
Shipowners; Fertilizer; Retail; Hotel; Wind Energy; Solar Energy; Gas; Nuclear; Railway; Airline; Truck;
Automobile Dealers; Home Builders; Real Estate; Pharmacists; Dental; Medical; Hospital; Nurses; Library;
Museum; Publishers; Broadcasters; Film Producers; Music; Software; Internet; Telecommunications;
Franchise; Wine; Spirits; Beverage; Bakers; Meat; Poultry; Fisheries; Forest Products; Plastics;
Packaging; Recycling; Water Works; Public Transport; Taxi; Cycling; Golf; Football; Veterinary; Seed;
Sugar; Coffee; Tobacco; Cosmetics; Jewellers; Furniture; Glass; Ceramics; Aluminium; Mining; Oil
Producers; Pipeline; Electrical Contractors
"""
_WORKERS = """
Postal; Steel; Auto; Transport; Dock; Mine; Hotel; Food and Commercial; Communications; Electrical;
Public Service; Health; Textile; Farm; Rail; Maritime; Construction; Airline; Bakery; Chemical; Garment;
Education
"""
_HOLDER_WORDS = """
Motors Foods Energy Pharma Chemicals Insurance Logistics Software Airlines Bank Aerospace Beverages
Electronics Construction Mining Cosmetics Toys Steel Media Telecom Medical Systems Financial
"""


def _list(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(";")]


def _half(listed: list[T], half: Half) -> list[T]:
    return listed[::2] if half == "train" else listed[1::2]


class _Pool:
    """Words of one half, each drawn once."""

    def __init__(self, half: Half, rng: random.Random) -> None:
        self.rng = rng
        self.nations = _half(NATIONS, half)
        self.trades, self.workers = _half(_list(_TRADES), half), _half(_list(_WORKERS), half)
        self.holder_words = _half(_HOLDER_WORDS.split(), half)
        self.places = _shuffled(_half(PLACES, half), rng)
        self.surnames = _shuffled(_half(SURNAMES, half), rng)
        self._syllables = _half(SYLLABLES, half)
        self._used: set[str] = set()

    def brand(self, syllables: int) -> str:
        while True:
            word = "".join(self.rng.choice(self._syllables) for _ in range(syllables)).capitalize()
            if len(word) > 3 and word not in self._used:
                self._used.add(word)
                return word


def _shuffled(listed: list[T], rng: random.Random) -> list[T]:
    return rng.sample(listed, len(listed))


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isupper())


def _associations(pool: _Pool) -> Iterator[list[str]]:
    rng = pool.rng
    kinds: list[Callable[[str, str, str], tuple[str, str]]] = [
        lambda a, c, t: (f"{a} {t} Association", f"{t} Association of {c}"),
        lambda a, c, t: (f"{a} {t} Federation", f"Federation of {a} {t}"),
        lambda a, c, t: (f"{a} Council of {t}", f"The {a} {t} Council"),
        lambda a, c, t: (f"Association of {a} {t}", f"Association of {a} {t} in {c}"),
        lambda a, c, t: (f"{c} {t} Alliance", f"The {c} {t} Alliance"),
    ]
    combinations = [(nation, trade) for nation in pool.nations for trade in pool.trades]
    for (adjective, country), trade in rng.sample(combinations, 80):
        full, other = rng.choice(kinds)(adjective, country, trade)
        acronym = _initials(full) if rng.random() < 0.6 else pool.brand(2).upper()
        yield [
            full,
            f"{full} ({acronym})",
            f"{acronym} - {full}",
            f"{full}, Inc.",
            f"The {full}",
            full.replace("Association", "Assoc."),
            f"{full} {acronym}",
            other,
            f"{full} - Brussels Office",
        ]


def _universities(pool: _Pool) -> Iterator[list[str]]:
    for place in pool.places[:30]:
        yield [
            f"University of {place}",
            f"Univ. of {place}",
            f"The University of {place}",
            f"{place} University",
        ]
        if pool.rng.random() < 0.5:
            yield [f"{place} State University", f"{place} State Univ", f"{place} State University (PSU)"]
        if pool.rng.random() < 0.4:
            yield [f"Technical University of {place}", f"TU {place}", f"Technical Univ. of {place}"]
        if pool.rng.random() < 0.3:
            yield [f"{place} Polytechnic Institute", f"Polytechnic Institute of {place}"]


def _banks(pool: _Pool) -> Iterator[list[str]]:
    for place in pool.places[20:40]:
        yield [f"Bank of {place}", f"The Bank of {place}", f"Bank of {place}, N.A."]
        if pool.rng.random() < 0.5:
            full = f"First National Bank of {place}"
            yield [full, f"First Natl Bank of {place}", f"1st National Bank of {place}"]
        if pool.rng.random() < 0.5:
            yield [f"{place} Savings Bank", f"{place} Savings Bank FSB", f"Savings Bank of {place}"]
    for adjective, country in pool.nations:
        yield [f"Central Bank of {country}", f"The Central Bank of {country}"]
        yield [
            f"{adjective} Development Bank",
            f"Development Bank of {country}",
            f"{adjective} Development Bank Ltd",
        ]


def _unions(pool: _Pool) -> Iterator[list[str]]:
    for trade in pool.workers:
        full = f"United {trade} Workers Union"
        yield [
            full,
            f"United {trade} Workers",
            f"{full} ({_initials(full)})",
            f"United {trade} Workers' Union",
        ]
        for adjective, country in pool.rng.sample(pool.nations, 3):
            name = f"{adjective} {trade} Workers Union"
            yield [
                name,
                f"{adjective} {trade} Workers' Union",
                f"Union of {trade} Workers of {country}",
                f"{name} ({_initials(name)})",
            ]


def _utilities(pool: _Pool) -> Iterator[list[str]]:
    kinds = ("Water", "Power & Light", "Electric Cooperative", "Gas", "Hydro", "Energy", "Water District")
    for place in pool.places[40:65]:
        for kind in pool.rng.sample(kinds, 2):
            name = f"{place} {kind}"
            yield [name, f"{name} Co.", f"{name} Company", f"{name}, Inc.", f"City of {place} {kind}"][
                : pool.rng.choice([2, 3, 4, 4])
            ]


def _brands(pool: _Pool) -> Iterator[list[str]]:
    rng = pool.rng
    for _ in range(110):
        brand = pool.brand(rng.choice([2, 3, 3, 4])) if rng.random() < 0.7 else pool.surnames.pop()
        word, (_, country) = rng.choice(pool.holder_words), rng.choice(pool.nations)
        full = f"{brand} {word}"
        kind = rng.random()
        if kind < 0.35:
            other = rng.choice(pool.nations)[1]
            yield [
                f"{brand} Corporation",
                f"{brand} {country}",
                f"{brand} {other} Ltd",
                f"{brand} Inc.",
                f"{brand} ({country}) Inc",
                f"{brand} Group",
                f"{brand} North America",
            ]
        elif kind < 0.5:
            new = f"{pool.brand(3)} {rng.choice(pool.holder_words)}"
            yield [
                full,
                f"{full} (formerly {new})",
                f"{full}, formerly known as {new} Inc.",
                new,
                f"{full} Ltd",
                f"{full} f/k/a {new}",
            ]
        elif kind < 0.65:
            new = f"{pool.brand(3)} {rng.choice(pool.holder_words)}"
            yield [
                f"{full} Ltd",
                f"{full} operating as {new}",
                f"{full} o/a {new}",
                f"{full} dba {new}",
                full,
                f"{full} Inc. doing business as {new}",
            ]
        elif kind < 0.75:
            agent = f"{pool.surnames[0]} & {pool.surnames[1]} LLP"
            yield [full, f"{full} c/o {agent}", f"{full} Ltd., c/o {agent}", f"{full} Ltd"]
        elif kind < 0.85:
            part = f"{pool.brand(3)} {rng.choice(pool.holder_words)}"
            yield [
                full,
                f"{part}, a division of {full}",
                f"{part} (a division of {full} Inc.)",
                f"{full} Inc",
            ]
        else:
            wrong = full[:2] + full[3:] if len(brand) > 7 else full.upper()
            yield [
                full,
                wrong,
                f"{full} S.A.",
                f"{full} {rng.choice(pool.places)} Branch",
                f"{full} {country}",
            ]


def _near_letters(pool: _Pool) -> Iterator[list[str]]:
    """Short names of different holders, one letter apart."""
    rng = pool.rng
    for _ in range(25):
        brand = pool.brand(2)[:5]
        at = rng.randrange(1, len(brand))
        twin = rng.choice(
            [
                brand[:at] + rng.choice("bdlmnrstz") + brand[at + 1 :],
                brand + rng.choice("adlnrst"),
                brand[:at] + rng.choice("lrnst") + brand[at:],
            ]
        )
        if twin != brand:
            _, country = rng.choice(pool.nations)
            for name in (brand, twin):
                yield [f"{name} {country}", f"{name} Inc.", f"{name} AG", name.upper()]


def organisations(half: Half, seed: int) -> list[tuple[str, int]]:
    """Names in a random order, each with the number of its holder; no name is given twice."""
    rng = random.Random(f"{half} {seed}")
    pool = _Pool(half, rng)
    kinds = (_associations, _universities, _banks, _unions, _utilities, _brands, _near_letters)
    owner: dict[str, int] = {}
    for holder, names in enumerate(names for kind in kinds for names in kind(pool)):
        for name in rng.sample(names, min(len(names), rng.choice([1, 1, 2, 2, 3, 4]))):
            owner.setdefault(name, holder)
    return rng.sample(list(owner.items()), len(owner))
