"""Made-up company registers with families of siblings, and noisy spellings of their names.

The noise is what CRM and service-desk users do: legal forms added, dropped and changed, abbreviations, typing
errors, words left out or swapped, cities added, initials dotted or spaced, accents lost. Siblings ("Alpha
Holdings 1" and "2", "Bank of X" and "Bank of Y", "X France" and "X Italia") are different companies.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

_SURNAMES = """
Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore Martin Jackson
Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Baker
Nelson Carter Mitchell Roberts Turner Phillips Campbell Parker Evans Edwards Collins Stewart Morris
Murphy Cook Rogers Morgan Peterson Cooper Reed Bailey Bell Kelly Howard Ward Cox Richardson Wood Watson
Brooks Bennett Gray James Hughes Price Myers Long Foster Sanders Ross Müller Schmidt Schneider Fischer
Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz
Zimmermann Krüger Hartmann Lange Werner Krause Lehmann Köhler Dubois Durand Moreau Lefèvre Leroy Roux
Fournier Girard Bonnet Lambert Fontaine Rousseau Garnier Rossi Russo Ferrari Esposito Bianchi Romano
Colombo Ricci Marino Greco Conti Gallo Costa Giordano Mancini Lombardi García Fernández González
Rodríguez López Martínez Sánchez Pérez Gómez Díaz Moreno Álvarez Romero Alonso Gutiérrez Navarro Jansen
DeVries Bakker Visser Smit Meijer Mulder Nielsen Jensen Hansen Pedersen Andersen Larsen Sørensen
Johansson Karlsson Nilsson Eriksson Lindqvist Virtanen Korhonen Kowalski Nowak Wiśniewski Wójcik Novák
Svoboda Dvořák Horváth Kovács Tóth Popescu Ionescu Ivanov Petrov Sokolov Tanaka Suzuki Takahashi Watanabe
Yamamoto Nakamura Kobayashi Kim Lee Park Choi Chen Wang Zhang Liu Singh Patel Shah Kumar Gupta Mehta
Silva Santos Oliveira Pereira Almeida O'Brien O'Neill McCarthy McDonald MacLeod Fitzgerald Kennedy
"""
SURNAMES = _SURNAMES.split()
_PLACES = """
Boston Chicago Denver Dallas Houston Seattle Portland Atlanta Phoenix Detroit Cleveland Columbus Memphis
Nashville Austin Oakland Richmond Savannah Charleston Lexington Toronto Montréal Vancouver Calgary London
Manchester Leeds Bristol Glasgow Edinburgh Dublin Cork Paris Lyon Marseille Lille Berlin Hamburg München
Köln Frankfurt Stuttgart Düsseldorf Leipzig Wien Graz Zürich Genève Basel Bern Milano Torino Roma Napoli
Madrid Barcelona Valencia Sevilla Lisboa Porto Amsterdam Rotterdam Utrecht Eindhoven Brussel Antwerpen
Gent København Aarhus Oslo Bergen Stockholm Göteborg Malmö Helsinki Tampere Warszawa Kraków Praha Brno
Budapest Bucuresti Sofia Athens Istanbul Ankara Mumbai Delhi Chennai Pune Shanghai Beijing Shenzhen
Guangzhou Hangzhou Tokyo Osaka Kyoto Nagoya Seoul Busan Singapore Jakarta Manila Bangkok Hanoi Sydney
Melbourne Perth Brisbane Auckland Wellington Lagos Nairobi Cairo Johannesburg Lima Bogotá Santiago Quito
Panama Franklin Jefferson Madison Monroe Lincoln Hamilton Salem Clinton Georgetown Arlington Springfield
Ashland Bedford Cambridge Oxford Windsor York Kent Essex Surrey Cornwall Devon Norfolk Suffolk
"""
PLACES = _PLACES.split()
_REGIONS = """
America Europe Asia Africa Canada Mexico Brasil Chile France Deutschland Italia España Nederland Belgium
Polska Norge Sverige Danmark UK USA India China Japan Korea Australia Pacific Nordic Iberia International
Global Worldwide Overseas Americas EMEA Middle-East Schweiz Österreich
"""
REGIONS = _REGIONS.split()
_INDUSTRIES = """
Bank, Insurance, Energy, Oil & Gas, Foods, Chemicals, Pharmaceuticals, Motors, Steel, Electronics,
Software, Technologies, Systems, Services, Solutions, Consulting, Engineering, Construction, Properties,
Realty, Investments, Capital, Financial, Financial Services, Holdings, Industries, Manufacturing,
Products, Enterprises, Partners, Trading, Logistics, Shipping, Airlines, Transport, Communications,
Telecommunications, Media, Entertainment, Networks, Semiconductor, Materials, Resources, Mining, Metals,
Paper, Packaging, Plastics, Textiles, Apparel, Stores, Restaurants, Hotels, Hospitality, Healthcare,
Medical, Medical Devices, Laboratories, Biotechnology, Therapeutics, Diagnostics, Instruments, Equipment,
Machinery, Tools, Automotive, Aerospace, Defense, Marine, Water, Power, Electric, Solar, Environmental,
Security, Data, Data Systems, Digital, Analytics, Information Systems, Education, Publishing, Design,
Development, Management, Leasing, Mortgage, Credit, Savings Bank, Asset Management, Wealth Management,
Real Estate, Life Sciences, Life Insurance, Home Products, Furniture, Beverages, Brewing, Dairy, Seafood,
Farms, Petroleum, Pipeline, Exploration, Optical, Photonics, Robotics, Controls, Automation, Research,
Coffee, Cosmetics, Brothers, & Sons, & Co, Associates, Trust, Fund, Ventures, Group, Bancorp, Industrial,
Commercial Bank, General Contractors, Staffing, Travel, Air, Rail, Wireless, Cloud, Labs, Interactive,
Games, Studios, Brands
"""
INDUSTRIES = [" ".join(name.split()) for name in _INDUSTRIES.split(",")]
_WORDS = """
Alpha Apex Summit Pioneer Frontier Liberty Heritage Sterling Crescent Keystone Beacon Compass Vanguard
Horizon Phoenix Falcon Eagle Titan Atlas Orion Nova Vertex Zenith Quantum Vector Matrix Delta Omega Sigma
Aurora Aspen Cedar Maple Oak Granite Cobalt Amber Crystal Coral Azure Sapphire Northern Southern Western
Eastern Pacific Atlantic Continental National American Universal United First General Standard Premier
Royal Imperial Metropolitan Central Global Allied Advanced Applied Integrated Dynamic Modern Superior
Precision Reliance Evergreen Riverside Lakeside Highland Blue Red Silver Golden Green Bright Clear Swift
Bold True Noble Grand Prime Smart Open Rapid
"""
WORDS = _WORDS.split()
FORMS = [
    ["Inc.", "Inc", "Incorporated", ", Inc.", "INC"],
    ["Corp.", "Corp", "Corporation", "Co.", "Company"],
    ["Ltd", "Ltd.", "Limited", ", Ltd."],
    ["LLC", "L.L.C.", ", LLC", "Limited Liability Company"],
    ["PLC", "plc", "P.L.C.", "Public Limited Company"],
    ["GmbH", "G.m.b.H.", "Gesellschaft mit beschränkter Haftung"],
    ["AG", "A.G.", "Aktiengesellschaft"],
    ["S.A.", "SA", "Société Anonyme"],
    ["S.p.A.", "SpA", "SPA"],
    ["B.V.", "BV", "B. V."],
    ["N.V.", "NV", "N V"],
    ["AB", "Aktiebolag", "AB (publ)"],
    ["Oyj", "Oy"],
    ["A/S", "AS"],
    ["Co., Ltd.", "Co Ltd", "Company Limited"],
    ["Pty Ltd", "Pty. Ltd.", "Proprietary Limited"],
    ["S.r.l.", "SRL"],
    ["Sp. z o.o.", "Sp. z o. o."],
    ["LLP", "L.L.P."],
    ["KK", "K.K.", "Kabushiki Kaisha"],
]
SHORT = {
    "International": "Intl", "Manufacturing": "Mfg", "Services": "Svcs", "Technologies": "Tech",
    "Industries": "Inds", "Holdings": "Hldgs", "Group": "Grp", "Brothers": "Bros", "Associates": "Assoc",
    "Insurance": "Ins", "Pharmaceuticals": "Pharma", "Communications": "Comm", "Financial": "Finl",
    "Management": "Mgmt", "Development": "Dev", "Engineering": "Eng", "Systems": "Sys", "Laboratories":
    "Labs", "Products": "Prods", "Properties": "Props", "Resources": "Res", "Electronics": "Electr",
    "Semiconductor": "Semicond", "Chemicals": "Chem", "Construction": "Constr", "Therapeutics": "Therap",
    "National": "Natl", "America": "Am",
}  # fmt: skip
_SYLLABLES = """
al an ar ax bel bi bo bri cal can cer cy da del dex di do dyn el en er ex fa fi flo for ga gen gi glo gra
har hel hy in ix ja jo kal ki ko la len li lo lu lyn ma mar me mi mo na ne ni no nor o om on or pa per
phi pra pro qua ra re ri ro sa san se si so sta sy ta tel ter ti to tra tri u va ver vi vo vy xe xi ya
zen zi zo
"""
SYLLABLES = _SYLLABLES.split()


@dataclass(frozen=True)
class Company:
    """One company of a made-up register: its full name and the legal form's other spellings."""

    base: str
    form: int

    def name(self, rng: random.Random) -> str:
        form = FORMS[self.form][0] if rng.random() < 0.7 else rng.choice(FORMS[self.form])
        return f"{self.base}{'' if form.startswith(',') else ' '}{form}"


def _brand(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice([2, 3, 3, 4]))).capitalize()
    if kind < 0.60:
        return rng.choice(SURNAMES)
    if kind < 0.72:
        return rng.choice(WORDS)
    if kind < 0.80:
        return rng.choice(PLACES)
    if kind < 0.86:
        return f"{rng.choice(SURNAMES)} {rng.choice(['&', 'and', '-'])} {rng.choice(SURNAMES)}"
    if kind < 0.92:
        initials = rng.choice(["{0}. {1}.", "{0}.{1}.", "{0}.", "{0}{1}"])
        return f"{initials.format(*rng.sample('ABCDEFGHJKLMPRSTW', 2))} {rng.choice(SURNAMES)}"
    if kind < 0.96:
        return "".join(rng.choice("ABCDEFGHIJKLMNOPRSTUVWXYZ") for _ in range(rng.choice([2, 3, 3, 4])))
    return f"{rng.choice(WORDS)} {rng.choice(SYLLABLES).capitalize()}{rng.choice(SYLLABLES)}"


def _family(rng: random.Random) -> list[str]:
    """Full names (without legal form) of companies that are easily mixed up."""
    brand, industry = _brand(rng), rng.choice(INDUSTRIES)
    kind = rng.random()
    if kind < 0.86:
        return [brand if rng.random() < 0.12 else f"{brand} {industry}"]
    if kind < 0.88:
        return [
            f"{brand} {industry} {n}" for n in rng.choice([("1", "2", "3"), ("I", "II", "III"), ("IV", "V")])
        ]
    if kind < 0.91:
        return [f"{brand} {industry}", *(f"{brand} {industry} {r}" for r in rng.sample(REGIONS, 2))]
    if kind < 0.95:
        return [f"{brand} {other}" for other in rng.sample(INDUSTRIES, 3)]
    if kind < 0.97:
        return [f"{industry.strip('& ')} of {place}" for place in rng.sample(PLACES, 3)]
    if kind < 0.985:
        return [
            f"First {w} Bank of {p}" for w, p in zip(rng.sample(WORDS, 2), rng.sample(PLACES, 2), strict=True)
        ]
    return [f"{first} {industry}" for first in (brand, _mistyped(brand, rng) + rng.choice("aeors"))]


def register(size: int, seed: int) -> list[Company]:
    """`size` companies with different names."""
    rng = random.Random(seed)
    names: dict[str, Company] = {}
    while len(names) < size:
        form = rng.choices(
            range(len(FORMS)), weights=[9, 8, 9, 5, 3, 3, 2, 3, 1, 2, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1]
        )[0]
        for base in _family(rng):
            names.setdefault(base, Company(base, form))
    return list(names.values())[:size]


def _mistyped(text: str, rng: random.Random) -> str:
    if len(text) < 4:
        return text
    at = rng.randrange(1, len(text) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at] + text[at:]


def _other_form(c: Company, base: str, rng: random.Random) -> str:
    return f"{base} {rng.choice(FORMS[c.form]).lstrip(', ')}"


def _abbreviated(base: str, rng: random.Random) -> str:
    return " ".join(SHORT.get(word, word) for word in base.split())


def _cut(base: str, rng: random.Random) -> str:
    words = base.split()
    at = rng.randrange(len(words))
    if len(words[at]) > 8:
        words[at] = words[at][: rng.randrange(5, len(words[at]))] + rng.choice(["", "."])
    return " ".join(words)


def _fewer_words(base: str, rng: random.Random) -> str:
    words = base.split()
    return " ".join(words[:-1]) if len(words) > 2 and not words[-1].isdigit() and len(words[-1]) > 4 else base


def _swapped(base: str, rng: random.Random) -> str:
    words = base.replace("&", "").split()
    return " ".join([words[-1], *words[:-1]]) if rng.random() < 0.5 else " ".join([*words[1:], words[0]])


_ORDINARY = frozenset(
    (*SURNAMES, *PLACES, *REGIONS, *WORDS, *(word for name in INDUSTRIES for word in name.split()))
)
BRAND_ALONE = 0.08
"""How many names that begin with a brand are cut down to it."""

_NOISES: list[tuple[float, Callable[[str, random.Random], str]]] = [
    (0.10, _mistyped),
    (0.12, _abbreviated),
    (0.05, _cut),
    (0.03, _fewer_words),
    (0.03, _swapped),
    (0.08, lambda base, rng: f"The {base}"),
    (0.10, lambda base, rng: base.replace("&", "and")),
    (0.08, lambda base, rng: base.replace(".", "").replace("-", " ")),
    (0.03, lambda base, rng: base.replace(" ", "", 1)),
    (0.03, lambda base, rng: f"{base} Group"),
    (0.02, lambda base, rng: f"{base} {rng.choice(['Holdings', 'Holding', 'International', 'Companies'])}"),
]


def _is_a_brand(word: str) -> bool:
    return len(word) > 3 and word.isalpha() and word not in _ORDINARY


def spelling(company: Company, rng: random.Random) -> str:
    """The company's name as somebody else would write it."""
    text = company.base
    if rng.random() < BRAND_ALONE and _is_a_brand(text.split()[0]):
        # What a company is known by: "Costco" for "Costco Wholesale Corp".
        return text.split()[0]
    for share, noise in _NOISES:
        if rng.random() < share:
            text = noise(text, rng)
    kind = rng.random()
    if kind < 0.45:
        text = _other_form(company, text, rng)
    elif kind < 0.55:
        text = f"{text} {rng.choice(rng.choice(FORMS)).lstrip(', ')}"
    if rng.random() < 0.03:
        text = rng.choice(["{0}, {1}", "{0} ({1})", "{0} - {1}"]).format(text, rng.choice(PLACES))
    case = rng.random()
    return text.upper() if case < 0.3 else text.lower() if case < 0.4 else text
