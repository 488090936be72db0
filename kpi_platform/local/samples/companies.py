"""The client companies of a sample customer, put together from lists of words."""

from dataclasses import dataclass

import numpy as np

from kpi_platform.local.samples.noise import normal, pick, shuffled, uniform

_HEAD_WORDS = (
    "Amber Anchor Arden Aspen Barrow Beacon Birch Bram Bridge Bright Calder Cedar Clear Cobalt Copper "
    "Crane Crest Dalton Delta Dune East Elder Elm Ember Fair Falcon Fern Flint Forge Frost Glen Gold "
    "Granite Grey Harbor Hawk Hazel Heron High Hollow Iron Ivory Jasper Juniper Kestrel Lark Laurel "
    "Linden Long Maple Marsh Meridian Mill Moor North Oak Ocean Onyx Orchard Osprey Otter Pine Pioneer "
    "Quarry Quill Raven Red Ridge River Rook Rowan Saddle Sage Silver Slate South Sparrow Spruce Stone "
    "Summit Swift Tall Thistle Timber Umber Vale Velvet Violet Walnut West White Wild Willow Winter Wren "
    "Yarrow Zephyr"
)
_TAIL_WORDS = (
    "bay bourne brook bury by cliff combe croft dale fall field ford gate grove ham haven hurst lake land "
    "ley mark mere mont more point port ridge shaw shire shore side stead stone ton view wall water well "
    "wick wood worth"
)
_HEADS, _TAILS = _HEAD_WORDS.split(), _TAIL_WORDS.split()
_SECTORS = {
    "Banking": ("Bank", "Capital", "Savings", "Credit"),
    "Insurance": ("Insurance", "Mutual", "Assurance"),
    "Manufacturing": ("Industries", "Machine Works", "Tooling", "Components"),
    "Retail": ("Stores", "Outfitters", "Home", "Markets"),
    "Healthcare": ("Health", "Clinics", "Medical", "Diagnostics"),
    "Technology": ("Software", "Networks", "Data", "Robotics"),
    "Transportation": ("Logistics", "Freight", "Lines", "Couriers"),
    "Energy": ("Energy", "Power", "Solar"),
    "Food & Beverage": ("Foods", "Brewing", "Dairies", "Mills"),
    "Media": ("Media", "Publishing", "Studios"),
    "Education": ("Academy", "Learning", "Institute"),
    "Construction": ("Builders", "Construction", "Engineering"),
}
_PLACES = (
    ("United States", "US", "Columbus", "Inc."), ("United States", "US", "Denver", "LLC"),
    ("United States", "US", "Portland", "Corp."), ("Canada", "CA", "Halifax", "Ltd."),
    ("United Kingdom", "GB", "Leeds", "Ltd"), ("United Kingdom", "GB", "Bristol", "PLC"),
    ("Germany", "DE", "Bremen", "GmbH"), ("Germany", "DE", "Leipzig", "AG"),
    ("France", "FR", "Nantes", "SAS"), ("Netherlands", "NL", "Utrecht", "B.V."),
    ("Australia", "AU", "Adelaide", "Pty Ltd"), ("Brazil", "BR", "Curitiba", "S.A."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Company:
    """A client company. `known_as` is what the dashboard calls it: for about one in ten another name."""

    index: int
    name: str
    known_as: str
    domain: str
    industry: str
    country: str
    country_code: str
    city: str
    revenue: float
    employees: int


def companies(seed: str, count: int) -> list[Company]:
    """Returns the first `count` companies of a sample customer; the same for the same `seed`."""
    index = np.arange(count)
    heads = shuffled(len(_HEADS), f"{seed}/heads")
    tails = pick(_TAILS, f"{seed}/tails", index)
    industries = pick(tuple(_SECTORS), f"{seed}/industry", index)
    places = pick(_PLACES, f"{seed}/place", index, weights=(4, 3, 3, 2, 3, 2, 2, 1, 2, 1, 1, 1))
    shapes = uniform(f"{seed}/shape", index)
    choices = uniform(f"{seed}/sector", index)
    renamed = shuffled(count, f"{seed}/renamed")[: max(1, round(count / 10))].tolist()
    employees = np.exp(6.3 + 1.2 * normal(f"{seed}/employees", index)).astype(int) + 20
    per_head = np.exp(11.9 + 0.5 * normal(f"{seed}/per_head", index))
    made = []
    for i in range(count):
        country, code, city, legal = places[i]
        stem = (
            _HEADS[heads[i % len(heads)]]
            + str(tails[i])
            + ("" if i < len(heads) else f" {i // len(heads) + 1}")
        )
        sectors = _SECTORS[industries[i]]
        sector = sectors[int(choices[i] * len(sectors))]
        name = _name(stem, sector, city, legal, float(shapes[i]))
        made.append(
            Company(
                index=i,
                name=name,
                known_as=_other_name(stem, sector, legal, name, renamed.index(i)) if i in renamed else name,
                domain=f"{stem.lower().replace(' ', '')}-{sector.lower().replace(' ', '')}.example",
                industry=str(industries[i]),
                country=country,
                country_code=code,
                city=city,
                revenue=float(round(employees[i] * per_head[i], -3)),
                employees=int(employees[i]),
            )
        )
    return made


def _name(stem: str, sector: str, city: str, legal: str, shape: float) -> str:
    if shape < 0.4:
        return f"{stem} {sector}"
    if shape < 0.75:
        return f"{stem} {sector} {legal}"
    if shape < 0.85:
        return f"{stem} & {city} {sector}"
    if shape < 0.95:
        return f"{stem} {sector} Group"
    return f"{stem} {sector} ({city})"


def _other_name(stem: str, sector: str, legal: str, name: str, way: int) -> str:
    """Returns the name that another department would have typed for the same company."""
    swapped = stem[:3] + stem[4] + stem[3] + stem[5:]
    initials = "".join(word[0] for word in name.replace("&", "").split() if word[0].isalpha())
    forms = (
        f"The {stem} {sector} Company",
        f"{swapped} {sector}",
        f"{sector}, {stem}",
        f"{stem.upper()} {sector.upper()} {legal.upper()}",
        f"{stem} {sector} Holdings",
        f"{initials} {sector}",
    )
    return forms[way % len(forms)]
